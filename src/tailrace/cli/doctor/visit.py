"""Which requests are sent, one after the other: two at a time could hold each other up, and look like a proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx2

from tailrace.cli.doctor.finding import Case
from tailrace.cli.doctor.look import Sight, look
from tailrace.cli.doctor.timing import APART, moments
from tailrace.client._choose import Asked
from tailrace.client._inflate import accepted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailrace.cli.doctor.seen import Seen

_SHORT: Final = 2.0
"""Seconds for a request of which only the head, or the first event, matters."""
_ENOUGH: Final = 5
"""Records after which it is clear whether compression holds them back."""
_ERROR: Final = 400
_SAFE: Final = frozenset({"GET", "HEAD", "QUERY"})


@dataclass
class Visit:
    """All requests of one call, in the words that the user gave."""

    client: httpx2.AsyncClient
    url: str
    request: dict[str, Any]
    within: float
    told: Callable[[str], object]
    """Is told what is being done."""

    async def case(self) -> Case:
        """What was seen."""
        safe = self.request["method"] in _SAFE
        self.told(f"looking for up to {self.within:g} s")
        main = await self._look({"accept-encoding": "identity"}, self.within)
        more: dict[str, Any] = {}
        if safe and not main.status:
            self.told("asking who is there")
            more["bare_head"] = await self._look({}, _SHORT, method="HEAD")
        elif safe and main.status < _ERROR:
            self.url = main.url
            more = {
                "compressed": await self._compressed(main),
                "otherwise": await self._otherwise(main),
                **(await self._again(main)),
            }
        return Case(main=main, watched=self.within, safe=safe, **more)

    async def _look(
        self,
        headers: dict[str, str],
        within: float,
        enough: Callable[[Sight], bool] | None = None,
        method: str | None = None,
    ) -> Seen:
        fields = httpx2.Headers({"accept": Asked().accept, "cache-control": "no-store"})
        fields.update(self.request["headers"])
        fields.update(headers)
        words: dict[str, Any] = {**self.request, "headers": fields, **({"method": method} if method else {})}
        return await look(self.client, self.client.build_request(url=self.url, **words), within, enough)

    async def _compressed(self, main: Seen) -> Seen | None:
        came = moments(main)
        if not came or came[-1].at - came[0].at < APART:
            return None  # what comes at once cannot come later
        self.told("the same compressed")
        # Where some records have come without it, as long again is enough to see that none come with it.
        soon = came[min(_ENOUGH, len(came)) - 1].at if main.ending == "open" else main.ended_at
        within = min(self.within, soon * 1.5 + 1)
        return await self._look(
            {"accept-encoding": accepted()}, within, lambda sight: sight.records >= _ENOUGH
        )

    async def _otherwise(self, main: Seen) -> Seen | None:
        self.told("the same with another Accept")
        other = "application/json" if main.media_type == "text/event-stream" else "text/event-stream"
        seen = await self._look({"accept": other}, _SHORT, lambda sight: sight.head_came)
        return seen if seen.status else None

    async def _again(self, main: Seen) -> dict[str, Any]:
        content, found = main.content, dict[str, Any]()
        if content.kind != "events":
            return found
        ids = content.ids[:-1] if content.ending else content.ids
        if len(ids) > 1:
            self.told("the same, from the middle on")
            behind = ids[(len(ids) - 1) // 2]
            found["resumed_behind"] = behind
            found["resumed"] = await self._look(
                {"last-event-id": behind},
                min(self.within, _SHORT + main.silence * 2),
                lambda sight: sight.records > 0,
            )
        if main.ending == "complete":
            self.told("the same, after its end")
            header = {"last-event-id": content.last_id} if content.last_id else {}
            found["after_end"] = await self._look(header, _SHORT, lambda sight: sight.records > 0)
        return found
