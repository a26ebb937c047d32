"""Clients over the transports, for whoever just wants to ask an application."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Final, overload

import httpx2

from tailrace.testing._asgi import ASGITransport
from tailrace.testing._wsgi import WSGITransport

if TYPE_CHECKING:
    from tailrace.testing._call import WSGIApp
    from tailrace.testing._exchange import ASGIApp


_PATIENCE: Final = 60
"""Seconds without a byte until a client gives up: more than any keep-alive, and less than for ever."""


class StreamClients:
    """Makes a client for an application: an `httpx2.AsyncClient` for ASGI, an `httpx2.Client` for WSGI.

    An application whose call is a coroutine function is taken for ASGI, any other for WSGI; a transport says
    by itself what it is. `options` are the client's own; URLs need no host, and the time-out is a minute.
    """

    def __init__(self) -> None:
        self._clients: list[tuple[httpx2.AsyncClient | httpx2.Client, Any]] = []

    @overload
    def __call__(self, app: ASGIApp | ASGITransport, **options: Any) -> httpx2.AsyncClient: ...
    @overload
    def __call__(self, app: WSGIApp | WSGITransport, **options: Any) -> httpx2.Client: ...
    def __call__(self, app: Any, **options: Any) -> httpx2.AsyncClient | httpx2.Client:
        """Make a client, which `close` closes."""
        chosen: dict[str, Any] = {"base_url": "http://test", "timeout": _PATIENCE} | options
        if not isinstance(app, httpx2.BaseTransport | httpx2.AsyncBaseTransport):
            app = ASGITransport(app) if _is_asgi(app) else WSGITransport(app)
        client: httpx2.AsyncClient | httpx2.Client
        if isinstance(app, httpx2.AsyncBaseTransport):
            client = httpx2.AsyncClient(transport=app, **chosen)
        else:
            client = httpx2.Client(transport=app, **chosen)
        self._clients.append((client, app))
        return client

    def close(self) -> None:
        """Close the clients, in whichever event loop they were used."""
        for client, transport in self._clients:
            if isinstance(client, httpx2.Client):
                client.close()
            elif not client.is_closed:
                _close(client, getattr(transport, "loop", None))


def _close(client: httpx2.AsyncClient, loop: asyncio.AbstractEventLoop | None) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:  # nothing can be waited for here: its own loop ends what is open
        return
    if loop is None or loop.is_closed():
        asyncio.run(client.aclose())
    elif loop.is_running():
        asyncio.run_coroutine_threadsafe(client.aclose(), loop).result()
    else:
        loop.run_until_complete(client.aclose())


def _is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004 - whether it is one of coroutines
