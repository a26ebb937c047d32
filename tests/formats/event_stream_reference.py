"""WHATWG HTML 9.2.6 word for word, on a whole body: slow, and plain enough to be seen to be right."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tailrace import Event


@dataclass
class Reference:
    """The standard's own variables."""

    last_event_id: str = ""
    retry: int | None = None
    events: list[Event] = field(default_factory=list[Event])
    _data: str = ""
    _event: str = ""
    _id: str = ""

    def read(self, body: bytes) -> Reference:
        """Interpret the stream."""
        # "Streams must be decoded using the UTF-8 decode algorithm", which strips one BOM.
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        # Only lines that have ended; the rest is an incomplete line of an incomplete block.
        for line in re.split("\r\n|\n|\r", text)[:-1]:
            self._interpret(line)
        return self

    def _interpret(self, line: str) -> None:
        if not line:
            self._dispatch()
        elif line.startswith(":"):
            pass
        elif ":" in line:
            name, value = line.split(":", 1)
            self._field(name, value.removeprefix(" "))
        else:
            self._field(line, "")

    def _field(self, name: str, value: str) -> None:
        if name == "event":
            self._event = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._id
        if not self._data:
            self._event = ""
            return
        self.events.append(
            Event(self._data.removesuffix("\n"), event=self._event or None, id=self.last_event_id)
        )
        self._data = self._event = ""
