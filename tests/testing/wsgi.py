"""WSGI applications as small as they can be, and their readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from tailrace.testing import Received, WSGITransport, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator


class Content:
    """An iterable of pieces that says what was asked of it, and raises what is an error."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = iter(pieces)
        self.events: list[Any] = []

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.events.append(piece)
        if isinstance(piece, Exception):
            raise piece
        taken: bytes = piece
        return taken

    def close(self) -> None:
        self.events.append("close")


def gives(content: Any, *headers: tuple[str, str], status: str = "200 OK") -> Any:
    def app(_environ: Any, start_response: Any) -> Any:
        start_response(status, list(headers))
        return content

    return app


def client_of(app: Any, **options: Any) -> httpx2.Client:
    return httpx2.Client(transport=WSGITransport(app, **options), base_url="http://test")


def got(app: Any, method: str = "GET", **options: Any) -> Received:
    with client_of(app, **options) as client:
        return fetch(client, "/", method)
