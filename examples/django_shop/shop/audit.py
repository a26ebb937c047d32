"""The audit log, while it is written: an async view, whose readers come back to where they were."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.views.decorators.http import require_safe

from examples.django_shop.shop.models import Entry
from tailrace import NDJSON, Event, EventStream
from tailrace.django import from_queryset, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest, HttpResponseBase

RECENT = 20
"""Entries that somebody sees who has seen none."""
BATCH = 200
EVERY = 0.25
"""Seconds between two looks at the table: one row by its key, on every database, whoever has written it."""


@require_safe
async def live(request: HttpRequest) -> HttpResponseBase:
    """The entries behind `Last-Event-ID`, or the last few, and then each that is written."""
    return stream(request, entries(last_seen(request)), formats=[EventStream(retry=1000), NDJSON()])


def last_seen(request: HttpRequest) -> int | None:
    number = request.headers.get("Last-Event-ID")
    if number is None:
        return None
    if not (number.isascii() and number.isdecimal()):
        raise BadRequest(f"Last-Event-ID: expected the number of an entry, got {number!r}")
    return int(number)


async def entries(last: int | None) -> AsyncIterator[Event]:
    if last is None:
        newest = await Entry.objects.order_by("-id").afirst()
        last = newest.pk - RECENT if newest else 0
    while True:
        newer = Entry.objects.filter(id__gt=last).order_by("id")[:BATCH]
        # A batch is read before it is sent: a slow reader keeps no connection to the database.
        for entry in [one async for one in from_queryset(newer)]:
            last = entry["id"]
            yield Event(entry, id=str(last))
        await asyncio.sleep(EVERY)
