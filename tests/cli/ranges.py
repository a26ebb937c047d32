"""What a server of a file does, for `scripted`: all of it, some of it, the rest."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.cli.scripted import Asked, Ran, Scripted, invoke

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BODY = bytes(range(256)) * 400
ETAG = {"ETag": '"one"'}


def whole(body: bytes = BODY, **more: str) -> Callable[[Asked], None]:
    return lambda asked: asked.answer("200 OK", {"Content-Length": len(body), **ETAG, **more}, body)


def cut(after: int, body: bytes = BODY, headers: dict[str, str] | None = None) -> Callable[[Asked], None]:
    fields = {"Content-Length": len(body), **(ETAG if headers is None else headers)}
    return lambda asked: asked.answer("200 OK", fields, body[:after])


def rest(body: bytes = BODY, until: int | None = None, **more: str) -> Callable[[Asked], None]:
    """The bytes that were asked for, if they were."""

    def answer(asked: Asked) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        assert found, asked.headers
        first, last = int(found[1]), len(body) if until is None else until
        said = f"bytes {first}-{last - 1}/{len(body)}"
        fields = {"Content-Length": last - first, "Content-Range": said, **ETAG, **more}
        asked.answer("206 Partial Content", fields, body[first:last])

    return answer


def status(line: str, headers: dict[str, Any] | None = None, body: bytes = b"") -> Callable[[Asked], None]:
    return lambda asked: asked.answer(line, {"Content-Length": len(body), **(headers or {})}, body)


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def download(server: Scripted, folder: Path, *more: str, path: str = "/file.bin") -> Ran:
    return invoke("download", server.url + path, "-o", str(folder), "--retry-delay", "0", "--json", *more)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
