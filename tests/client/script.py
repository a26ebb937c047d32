"""What a script is made of: what the server does, and what the reader makes of it."""

from __future__ import annotations

import zlib
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from tailrace.client import Resume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.client.script_server import ScriptServer

# What the server does, step by step; bytes are sent, in which {here} and {other} are the URLs of its two origins.


class Word:
    """A step that needs no more than its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


ASK: Final = Word("ASK")
"""Read a request."""
RESET: Final = Word("RESET")
"""End the connection as a machine that died would."""
HALF_CLOSE: Final = Word("HALF_CLOSE")
"""Send no more, and stay."""
HANG: Final = Word("HANG")
"""Say nothing, until the reader has left."""
REFUSED: Final = Word("REFUSED")
"""Instead of a connection's steps: nobody listens."""


@dataclass(frozen=True)
class Pause:
    """Say nothing for a while, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Handed:
    """Go on once so many items have been handed out."""

    count: int


@dataclass(frozen=True)
class Jump:
    """Let the reader's clock jump, by seconds."""

    seconds: float


Step: TypeAlias = "bytes | Word | Pause | Handed | Jump"


@dataclass(frozen=True)
class Elsewhere:
    """A connection to the other origin."""

    steps: tuple[Step, ...]


Connection: TypeAlias = "tuple[Step, ...] | Elsewhere | Word"

# What the reader makes of it.


@dataclass(frozen=True)
class Request:
    """What a request must be; a header that is None must not be there."""

    method: str = "GET"
    target: str = "/"
    headers: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    body: bytes = b""


def get(target: str = "/", **headers: str | None) -> Request:
    """A GET, which says where to go on only if that is said here."""
    return Request("GET", target, _fields(headers))


def put(method: str, body: bytes, **headers: str | None) -> Request:
    """A request with a body."""
    return Request(method, "/", _fields(headers), body)


def _fields(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"last-event-id": None} | said


@dataclass(frozen=True)
class Wrong:
    """What the reader raises."""

    type: type[BaseException]
    says: tuple[str, ...] = ()
    _: KW_ONLY
    record: int | None = None
    path: str | None = None
    problem: Mapping[str, Any] | None = None
    cause: type[BaseException] | None = None


QUICK: Final = Resume(delay=0.01, ceiling=0.02)
NOTHING: Final = object()


@dataclass(frozen=True)
class Script:
    """One script. What is None is not looked at; `news` are their words, one a piece of news."""

    name: str
    connections: Sequence[Connection]
    items: Sequence[Any] = ()
    error: Wrong | None = None
    _: KW_ONLY
    requests: Sequence[Request] | None = None
    news: str | None = None
    ids: Sequence[str | None] | None = None
    """`last_event_id` with each item."""
    last: Any = NOTHING
    """`last_event_id` at the end."""
    delays: Sequence[tuple[float, float]] | None = None
    """Between what each wait has to be, in seconds."""
    chance: float | None = None
    """What is taken for chance, from 0 to 1."""
    value: Any = NOTHING
    """Of a document, at the end."""
    type: Any = None
    resume: Resume | bool = QUICK
    options: Mapping[str, Any] | Options = field(default_factory=dict[str, Any])
    joined: bool = False
    """Whether items are pieces, which may be cut in any way."""
    only: Literal["async", "sync"] | None = None


Options: TypeAlias = "Callable[[ScriptServer], Mapping[str, Any]]"

# What servers say.


def head(media_type: str | None, *fields: str, status: str = "200 OK") -> bytes:
    """A response's head."""
    said = [] if media_type is None else [f"Content-Type: {media_type}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *said, *fields, "", ""]).encode()


def sized(media_type: str | None, body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """A whole response, which ends by its length."""
    return (
        head(media_type, f"Content-Length: {len(body)}", "Connection: close", *fields, status=status) + body
    )


def flowing(media_type: str, *fields: str) -> bytes:
    """The head of a response in chunks."""
    return head(media_type, "Transfer-Encoding: chunked", "Connection: close", *fields)


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunks."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST: Final = b"0\r\n\r\n"
"""The end of a body in chunks."""
EVENTS: Final = flowing("text/event-stream")


def event(data: str, **fields: str) -> bytes:
    """One event."""
    said = {**fields, "data": data}
    return "".join(f"{name}: {value}\n" for name, value in said.items()).encode() + b"\n"


def numbered(*numbers: int) -> bytes:
    """Events whose data and id are a number."""
    return b"".join(event(str(number), id=str(number)) for number in numbers)


END: Final = event('{"count":0}', event="end", id="~end")
"""How a stream of tailrace says that it is over."""


def ending(*events: bytes) -> tuple[Step, ...]:
    """A connection that brings events, and then the end."""
    return (ASK, EVENTS + chunk(b"".join(events) + END) + LAST)


def gzip(data: bytes) -> bytes:
    """One member."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()
