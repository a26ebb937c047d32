"""An application behind hypercorn's `serve()`, as its documentation shows it; started with `apps.NAME:app PORT`."""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib import import_module

from hypercorn.asyncio import serve
from hypercorn.config import Config


async def main(target: str, port: int) -> None:
    module, _, name = target.partition(":")
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = "-"
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(getattr(import_module(module), name), config, shutdown_trigger=stop.wait)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
