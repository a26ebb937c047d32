"""Reads a peer with either shell, and keeps all that came of it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tailrace.client import Reconnecting, Resume, connect, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailrace.client import News
    from tailrace.client._clock import Clock

SHELLS: Final = ("async", "sync")
WITHIN: Final = 20.0
"""Seconds for a whole reading: a reader that hangs is a failure, not a long run."""
SOON: Final = Resume(delay=0.02, ceiling=0.1, attempts=30)
"""Comes back at once."""


@dataclass
class Read:
    """How a reading ended, and what came on the way. `error` is what it raised."""

    news: list[News] = field(default_factory=list["News"])
    error: Exception | None = None
    complete: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """The last response's, if there was one."""

    def ended(self, connection: Any) -> None:
        """It is over."""
        self.complete = connection.complete
        if connection.response is not None:
            self.headers = connection.response.headers

    @property
    def lost(self) -> list[Reconnecting]:
        """Each connection that was lost, and another made for."""
        return [one for one in self.news if isinstance(one, Reconnecting)]


@dataclass
class Seen(Read):
    """The items that a reader had, and with each the id to go on behind."""

    items: list[Any] = field(default_factory=list[Any])
    ids: list[str | None] = field(default_factory=list["str | None"])

    def take(self, item: Any, last_event_id: str | None) -> None:
        """One more."""
        self.items.append(item)
        self.ids.append(last_event_id)


Then: TypeAlias = "Callable[[Any], object] | None"


def read(
    shell: str,
    url: str,
    type: Any = None,  # noqa: A002 - the word for it
    *,
    then: Then = None,
    clock: Clock | None = None,
    **options: Any,
) -> Seen:
    """All items; `then` is called with each."""
    seen = Seen()
    options = {"on_news": seen.news.append, "resume": SOON, **options}
    if shell == "async":
        asyncio.run(_read(seen, connect(url, type, **options), then, clock))
    else:
        connection = sync.connect(url, type, **options)
        # Whoever would wait for ever is woken up, and says so.
        connection.clock = clock or connection.clock
        watch = threading.Timer(WITHIN, connection.close)
        watch.start()
        try:
            for item in connection:
                seen.take(item, connection.last_event_id)
                if then is not None:
                    then(item)
        except Exception as error:  # noqa: BLE001 - the test says which it has to be
            seen.error = error
        assert watch.is_alive(), f"the reader hangs after {seen}"
        watch.cancel()
        seen.ended(connection)
    return seen


async def _read(seen: Seen, connection: Any, then: Then, clock: Clock | None) -> None:
    connection.clock = clock or connection.clock
    try:
        async with asyncio.timeout(WITHIN) as limit:
            async for item in connection:
                seen.take(item, connection.last_event_id)
                if then is not None:
                    await asyncio.to_thread(then, item)
    except Exception as error:  # noqa: BLE001 - as above
        seen.error = error
    assert not limit.expired(), f"the reader hangs after {seen}"
    seen.ended(connection)


@dataclass
class Page(Read):
    """A document as it was when its reader had waited for the whole of it."""

    value: Any = None
    problems: dict[str, int] = field(default_factory=dict[str, int])
    """Their statuses."""

    def look(self, page: Any) -> None:
        """See how far it has come."""
        self.ended(page)
        if page.kind is not None:
            self.value = page.value
            self.problems = {pointer: problem.status for pointer, problem in page.problems.items()}


def document(shell: str, url: str, type: Any = None, **options: Any) -> Page:  # noqa: A002 - the word for it
    """A document as it is when no more comes, and what waiting for the whole of it raises."""
    seen = Page()
    options = {"on_news": seen.news.append, "resume": SOON, **options}
    try:
        if shell == "async":
            asyncio.run(_document(seen, connect(url, type, **options)))
        else:
            _waited(seen, sync.connect(url, type, **options))
    except Exception as error:  # noqa: BLE001 - the test says which it has to be
        seen.error = error
    return seen


async def _document(seen: Page, connection: Any) -> None:
    async with asyncio.timeout(WITHIN), connection as page:
        try:
            async for _ in page.changes():
                pass
            await page.document
        finally:
            seen.look(page)


def _waited(seen: Page, connection: Any) -> None:
    with connection as page:
        try:
            for _ in page.changes():
                pass
            page.document.result()
        finally:
            seen.look(page)
