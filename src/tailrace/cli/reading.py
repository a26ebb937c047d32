"""What get and watch share: how a stream is read, and what is said on the way."""

# No `from __future__ import annotations`: typer reads the types of the options.
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tailrace import Event
from tailrace.cli.ends import Code, Stop
from tailrace.cli.request import Message, Sending
from tailrace.client import Gap, News, Opened, Reconnecting, Resume

_PANEL = "Coming back"


@dataclass(frozen=True)
class Coming:
    """Where to begin, and whether to come back."""

    no_resume: Annotated[
        bool,
        typer.Option(
            "--no-resume", help="Connect once; end where the connection does.", rich_help_panel=_PANEL
        ),
    ] = False
    last_event_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Go on behind this event.",
            rich_help_panel=_PANEL,
            show_default=False,
        ),
    ] = None
    save_id: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the id of the last event there, and go on behind it the next time.",
            rich_help_panel=_PANEL,
            show_default=False,
        ),
    ] = None

    @property
    def begins_behind(self) -> str | None:
        """The id to begin behind."""
        if self.last_event_id is not None or self.save_id is None:
            return self.last_event_id
        try:
            return self.save_id.read_text(encoding="utf-8").rstrip("\n") or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(Code.FILE, f"--save-id {self.save_id}: {error}") from None


class Cursor:
    """Keeps the id of the event that was shown last, once it was."""

    def __init__(self, path: Path | None, begins_behind: str | None) -> None:
        self._path = path
        self._kept = begins_behind

    def keep(self, id_: str | None) -> None:
        """Write it, if it is new: whole or not at all."""
        if self._path is None or id_ is None or id_ == self._kept:
            return
        beside = self._path.with_name(self._path.name + "~")
        try:
            beside.write_text(f"{id_}\n", encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            raise Stop(Code.FILE, f"--save-id {self._path}: {error.strerror}") from None
        self._kept = id_


def connecting(coming: Coming, message: Message, sending: Sending) -> dict[str, Any]:
    """What `connect` is called with, beside the URL, the client and who wants the news."""
    request = message.request(sending.fields())
    return {
        "type": Event,  # events may carry what is no JSON: `value_of` sees to it
        "resume": Resume(idle=sending.timeout, attempts=0 if coming.no_resume else Resume().attempts),
        "last_event_id": coming.begins_behind,
        **request,
    }


def checked(connect: Callable[..., Any], url: str, **options: Any) -> Any:
    """A connection; raises `Stop` for what the terminal has given it and cannot be."""
    try:
        return connect(url, **options)
    except ValueError as error:
        raise Stop(Code.USAGE, str(error)) from None


class Tale:
    """Tells the news on stderr, and has a connection end that nobody has answered yet.

    To try again is for streams that were there; a name with a typo in it should not take five minutes.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self.leave: Callable[[], object] = bool
        """Ends the connection."""
        self._opened = False
        self.connection: Any = None
        self.unreachable: str | None = None
        self.media_type = ""
        self._lost: tuple[float, str] | None = None
        """When it connects again, and why."""

    @property
    def state(self) -> str:
        """How it is with the connection."""
        if self._lost is None:
            return "connected" if self._opened else "connecting"
        until, reason = self._lost
        left = until - time.monotonic()
        return f"again in {left:.1f} s: {reason}" if left > 0 else f"connecting again: {reason}"

    def take(self, news: News) -> None:
        """Something has happened."""
        if isinstance(news, Opened):
            self._opened, self._lost, self.media_type = True, None, news.media_type
        elif isinstance(news, Reconnecting):
            self._lost = time.monotonic() + news.delay, news.reason
            if not self._opened and self.connection.response is None:
                self.unreachable = news.reason
                self.leave()
            else:
                self._tell(f"{news.reason}; connects again in {news.delay:.1f} s")
        elif isinstance(news, Gap):
            self._tell(f"events behind {news.requested} are missing: the server does not keep them any more")

    def stop(self, url: str) -> Stop:
        """The end of a command that nobody has answered."""
        why = _KIND_AND_NUMBER.sub("", self.unreachable or "")
        return Stop(Code.UNREACHABLE, f"cannot connect to {url}: {why}")


_KIND_AND_NUMBER = re.compile(r"^\w+: (\[Errno -?\d+\] )?")


def value_of(item: Any, *, events: bool) -> Any:
    """What an event carries: JSON, or text where it is none."""
    data = item.data
    if events and isinstance(data, str):
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(data)
    return data


def is_events(media_type: str) -> bool:
    """Whether items are events, whose data are text."""
    return media_type.partition(";")[0].strip().lower() == "text/event-stream"
