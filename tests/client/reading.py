"""Reads what a script serves, in both shells alike, and holds what came against what the script says."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from tailrace import Document
from tailrace.client import Closed, Gap, Opened, Reconnecting, connect, sync
from tailrace.client._clock import Clock
from tailrace.errors import StreamFailed
from tests.client.script import NOTHING
from tests.client.script_server import WITHIN, ScriptServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.script import Request, Script, Wrong
    from tests.client.script_server import Asked

SHELLS: Final = ("async", "sync")


class JumpingClock(Clock):
    """The system's, which jumps over whatever somebody waits for."""

    def __init__(self) -> None:
        self.jumped = 0.0

    def jump(self, seconds: float) -> None:
        self.jumped += seconds

    def monotonic(self) -> float:
        return super().monotonic() + self.jumped

    def wall(self) -> float:
        return super().wall() + self.jumped

    async def sleep(self, seconds: float) -> None:
        self.jump(seconds)
        await asyncio.sleep(0)

    def wait(self, seconds: float, event: threading.Event) -> bool:
        self.jump(seconds)
        return event.is_set()


@dataclass
class Read:
    """What a reader saw."""

    items: list[Any] = field(default_factory=list[Any])
    ids: list[str | None] = field(default_factory=list["str | None"])
    news: list[Any] = field(default_factory=list[Any])
    error: BaseException | None = None
    value: Any = NOTHING
    last: str | None = None


class Reader:
    """One script, about to be read."""

    def __init__(self, script: Script, server: ScriptServer, clock: Clock) -> None:
        self.script = script
        self.server = server
        self.clock = clock
        self.read = Read()

    def _connection(self, connect: Callable[..., Any]) -> Any:
        given = self.script.options
        options = dict(given(self.server) if callable(given) else given)
        url = self.server.url[:-1] + options.pop("target", "/")
        connection = connect(url, self.script.type, resume=self.script.resume, on_news=self._told, **options)
        connection.clock = self.clock
        return connection

    def _told(self, news: Any) -> None:
        self.read.news.append(news)
        if "ConnectError" in str(getattr(news, "reason", getattr(news, "error", ""))):
            self.server.turned_away()

    def _take(self, connection: Any, item: Any) -> None:
        self.read.items.append(item)
        self.read.ids.append(connection.last_event_id)
        self.server.handed(len(self.read.items))

    def _end(self, connection: Any, error: BaseException | None) -> None:
        self.read.error = error
        self.read.last = connection.last_event_id
        if connection.kind == "document":
            with contextlib.suppress(LookupError):
                self.read.value = connection.value

    async def read_async(self) -> None:
        troubles: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context))
        connection, error = self._connection(connect), None
        try:
            async with asyncio.timeout(WITHIN), connection:
                whole = connection.kind == "document" and self.script.type is Document
                async for item in connection.changes() if whole else connection:
                    self._take(connection, item)
        except Exception as raised:  # noqa: BLE001 - it is what the script is about
            error = raised
        self._end(connection, error)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect(0)
        assert not troubles

    def read_sync(self) -> None:
        connection, error = self._connection(sync.connect), None
        watchdog = threading.Timer(WITHIN, connection.close)
        watchdog.start()
        try:
            with connection:
                whole = connection.kind == "document" and self.script.type is Document
                for item in connection.changes() if whole else connection:
                    self._take(connection, item)
        except Exception as raised:  # noqa: BLE001 - it is what the script is about
            error = raised
        watchdog.cancel()
        watchdog.join()
        self._end(connection, error)


def play(script: Script, shell: str, *, bytewise: bool) -> Read:
    """Serve and read one script, and see that nothing is left of it."""
    clock = JumpingClock()
    before = held()
    with (
        chance(script.chance),
        ScriptServer(script.connections, bytewise=bytewise, jump=clock.jump) as server,
    ):
        reader = Reader(script, server, clock)
        if shell == "async":
            asyncio.run(reader.read_async())
        else:
            reader.read_sync()
    server.check()
    assert held() == before
    check(script, reader.read, server.asked, server)
    return reader.read


def chance(value: float | None) -> contextlib.AbstractContextManager[Any]:
    """Let chance be what it is not."""
    return contextlib.nullcontext() if value is None else mock.patch("random.random", return_value=value)


def held() -> tuple[int, int]:
    """The threads and files that this process holds."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def check(script: Script, read: Read, asked: list[Asked], server: ScriptServer) -> None:
    check_error(script.error, read.error)
    if script.joined:
        assert read.items[:0] == script.items[:0] or read.items
        empty = script.items[0][:0]
        assert empty.join(read.items) == empty.join(script.items)
    elif script.value is NOTHING:
        assert read.items == list(script.items)
    if script.ids is not None:
        assert read.ids == list(script.ids)
    if script.last is not NOTHING:
        assert read.last == script.last
    if script.value is not NOTHING:
        assert read.value == script.value
    if script.requests is not None:
        assert [(one.method, one.target) for one in asked] == [
            (one.method, one.target) for one in script.requests
        ]
        for one, expected in zip(asked, script.requests, strict=True):
            check_request(one, expected, server)
    check_news(script, read)


def check_request(asked: Asked, expected: Request, server: ScriptServer) -> None:
    assert asked.body == expected.body
    for name, value in expected.headers.items():
        said = (
            value if value is None else value.replace("{here}", server.url).replace("{other}", server.other)
        )
        assert asked.headers.get(name) == said, name
    assert "text/event-stream" in asked.headers["accept"] or "accept" in expected.headers
    assert asked.headers["accept-encoding"]


def check_news(script: Script, read: Read) -> None:
    words = [said(one) for one in read.news]
    if script.news is not None:
        assert words == script.news.split(), read.news
    assert [one for one in read.news if isinstance(one, Closed)] == read.news[-1:]
    assert read.news[-1].error is read.error or isinstance(read.news[-1].error, type(read.error))
    delays = [one.delay for one in read.news if isinstance(one, Reconnecting)]
    if script.delays is not None:
        assert len(delays) == len(script.delays), delays
        for delay, (least, most) in zip(delays, script.delays, strict=True):
            assert least <= delay <= most, delays


def said(news: Any) -> str:
    """News in a word."""
    if isinstance(news, Opened):
        return "opened"
    if isinstance(news, Reconnecting):
        return f"again:{news.attempt}"
    if isinstance(news, Gap):
        return f"gap:{news.requested}:{news.earliest}"
    return "closed" if news.error is None else f"closed:{type(news.error).__name__}"


def check_error(expected: Wrong | None, error: BaseException | None) -> None:
    if expected is None:
        if error is not None:
            raise error
        return
    assert type(error) is expected.type, repr(error)
    for words in expected.says:
        assert words in str(error)
    if expected.record is not None:
        assert getattr(error, "record", None) == expected.record
    if expected.path is not None:
        assert getattr(error, "path", None) == expected.path
    if expected.problem is not None:
        assert isinstance(error, StreamFailed)
        assert error.problem.members() == expected.problem
    if expected.cause is not None:
        assert isinstance(error.__cause__, expected.cause)
