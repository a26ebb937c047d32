"""The last rows as a table."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 200
_MOST_COLUMNS: Final = 12
_LONGEST: Final = 60
_AROUND: Final = 4
"""Lines of a table that are no rows: its head, and the lines around."""


class Rows:
    """Items, of which the last are shown."""

    noun = "item"

    def __init__(self, *, events: bool) -> None:
        self._events = events
        self._rows: deque[dict[str, Any]] = deque(maxlen=_MOST)

    def take(self, item: Any) -> None:
        """One more: an event, and its value."""
        event, value = item
        row: dict[str, Any] = {}
        if self._events:
            row |= {"id": event.id or None, "event": event.event}
        if isinstance(value, dict):
            row |= cast("dict[str, Any]", value)
        else:
            row["data" if self._events else "value"] = value
        self._rows.append(row)

    def draw(self, height: int) -> Table:
        """As many as there is room for."""
        shown = list(self._rows)[-max(height - _AROUND, 1) :]
        names = _columns(shown)
        table = Table(border_style="dim", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in names:
            numbers = all(_is_number(row.get(name)) for row in shown)
            table.add_column(
                Text(name), no_wrap=True, overflow="ellipsis", justify="right" if numbers else "left"
            )
        for row in shown:
            table.add_row(*(cell(row[name]) if name in row else "" for name in names))
        return table


def _columns(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The names of all members, in the order in which they came, without those that are empty in every row."""
    filled = {name: None for row in rows for name, value in row.items() if value is not None}
    names = {name: None for row in rows for name in row if name in filled}
    return list(names)[:_MOST_COLUMNS]


def cell(value: Any) -> Text:
    """A value on one line."""
    if isinstance(value, str):
        text = " ".join(value.split())
        return Text(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
    if value is None:
        return Text("null", style="dim")
    if isinstance(value, dict | list):
        shown = msgspec.json.encode(value).decode()
        return Text(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…", style="dim")
    return Text(msgspec.json.encode(value).decode(), style="cyan")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
