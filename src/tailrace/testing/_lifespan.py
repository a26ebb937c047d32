"""The lifespan of an ASGI application: its startup and its shutdown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from tailrace._finish import undisturbed
from tailrace.testing._exchange import PATIENCE

if TYPE_CHECKING:
    from tailrace.testing._exchange import ASGIApp, Message

    Half = Literal["startup", "shutdown"]


class Lifespan:
    """Runs an application's lifespan in a task of its own, from `startup` to `shutdown`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._said: dict[str, Message] = {}
        self._news = asyncio.Event()
        self.running = False
        self.state: dict[str, Any] = {}
        """What the application keeps there is in the scope of each request."""

    async def startup(self) -> None:
        """Start the application; raises what it raises, or says."""
        if self._task is not None:
            raise RuntimeError("the application's lifespan was run before: make a new transport")
        task = self._task = asyncio.create_task(self._run())
        task.add_done_callback(lambda _: self._news.set())
        try:
            await self._half(task, "startup", None)
        except BaseException:
            await undisturbed(self._end(task))
            raise
        self.running = True

    async def shutdown(self) -> None:
        """Stop it, if it runs: within 10 seconds, or it is cancelled."""
        task = self._task
        if not self.running or task is None:
            return
        self.running = False
        if task.get_loop().is_closed():
            return
        try:
            await self._half(task, "shutdown", PATIENCE)
            await asyncio.wait([task], timeout=PATIENCE)
        finally:
            await self._end(task)
        if not task.cancelled():
            task.result()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        await self._app(scope, self._asked.get, self._send)

    async def _send(self, message: Message) -> None:
        self._said[message["type"]] = message
        self._news.set()

    async def _half(self, task: asyncio.Task[None], half: Half, seconds: float | None) -> None:
        complete, failed = f"lifespan.{half}.complete", f"lifespan.{half}.failed"
        self._asked.put_nowait({"type": f"lifespan.{half}"})
        try:
            async with asyncio.timeout(seconds):
                while not (task.done() or self._said.keys() & {complete, failed}):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise RuntimeError(f"the application's {half} took more than {seconds:g} s") from None
        if complete in self._said:
            return
        if failed in self._said:  # whoever says so often raises too, and that says more
            await asyncio.wait([task], timeout=PATIENCE)
        if task.done():
            task.result()
            if half == "shutdown" and failed not in self._said:  # it is down, and says no more
                return
        said = self._said.get(failed, {}).get("message") or "it does not answer"
        raise RuntimeError(f"the application's {half} failed: {said}")

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
