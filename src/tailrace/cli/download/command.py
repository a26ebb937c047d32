"""`tailrace download`."""

# No `from __future__ import annotations`: typer reads the types of the options.
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

import httpx2
import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from tailrace.cli.download.digests import sha256_of
from tailrace.cli.download.part import Part
from tailrace.cli.download.transfer import Order, Saved, Transfer, fate
from tailrace.cli.ends import Code, Stop
from tailrace.cli.output import console, print_json, say, size
from tailrace.cli.request import Sending, Url

_LONGEST_NAME: Final = 32


@dataclass(frozen=True)
class Saving:
    """Where to, and what it has to be."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="The name to save under, or the folder; else as the server or the URL names it, here.",
            show_default=False,
        ),
    ] = None
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that is there.")] = False
    sha256: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="Keep it only if this is its digest.", show_default=False),
    ] = None
    retries: Annotated[int, typer.Option(min=0, help="Attempts after one that brought nothing new.")] = 5
    retry_delay: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="The first pause; each is twice as long, up to 30."),
    ] = 1.0
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False
    json: Annotated[bool, typer.Option("--json", help="Say on stdout, as JSON, what was saved.")] = False


def download(url: Url, saving: Saving, sending: Sending) -> None:
    """Save a body as a file, whole or not at all.

    It grows as NAME.part and gets its name when all of it is there and every length and digest that is known
    is right. A transfer that is cut is taken up where it was, at once and by the next call too, if the file is
    still the same one (Range, If-Range).
    """
    folder, file = _place(saving.output)
    order = Order(
        url,
        folder,
        file,
        sending.fields(),
        force=saving.force,
        sha256=None if saving.sha256 is None else sha256_of(saving.sha256),
        retries=saving.retries,
        pause=saving.retry_delay,
    )
    with httpx2.Client(**sending.settings()) as client, _Bar(quiet=saving.quiet) as bar:
        try:
            saved = Transfer(client, order, bar).run()
        except KeyboardInterrupt:
            bar.close()
            if bar.part is not None and not saving.quiet:
                say(f"stopped after {bar.part.size} bytes; {fate(bar.part)}")
            raise
    _report(saved, saving)


def _place(output: Path | None) -> tuple[Path, Path | None]:
    if output is None:
        return Path(), None
    if output.is_dir():
        return output, None
    if not output.parent.is_dir():
        raise Stop(Code.FILE, f"-o {output}: there is no folder {output.parent}")
    return output.parent, output


def _report(saved: Saved, saving: Saving) -> None:
    if saving.json:
        print_json(
            {
                "file": str(saved.file),
                "bytes": saved.size,
                "seconds": round(saved.seconds, 3),
                "resumed_from": saved.resumed_from,
                "requests": saved.requests,
                "checked": saved.checked,
            }
        )
    if not saving.quiet:
        speed = size(saved.size / saved.seconds) if saved.seconds else "?"
        say(
            f"{saved.file}: {size(saved.size)} in {saved.seconds:.1f} s ({speed}/s), {_checked(saved.checked)}"
        )


def _checked(checked: list[str]) -> str:
    if not checked:
        return "but nothing says how long it should be: whether all of it came cannot be known"
    return f"{' and '.join(checked)} checked"


class _Bar:
    """The news of a transfer as a bar, or as lines where nobody would see one move."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self.part: Part | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._progress is not None:
            self._progress.stop()

    def opened(self, part: Part) -> None:
        """Show the bar."""
        self.part, total = part, part.kept.total
        if self._quiet or not sys.stderr.isatty():
            return
        if self._progress is None:
            self._progress = Progress(*_columns(known=total is not None), console=console(stderr=True))
            self._progress.start()
            self._task = self._progress.add_task(_shown(part.file.name), total=total)
        self._update(total=total, completed=part.size)

    def grown(self, size: int) -> None:
        """Move it."""
        self._update(completed=size)

    def waiting(self, why: str, seconds: float) -> None:
        """Say why it stands still."""
        self._say(f"{why}; goes on in {seconds:.1f} s")

    def restarted(self, why: str) -> None:
        """Say why it starts over."""
        self._say(f"{why}: starts over")

    def _update(self, **changes: Any) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, **changes)

    def _say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(text, markup=False, style="yellow")
        elif not self._quiet:
            say(text)


def _columns(*, known: bool) -> list[Any]:
    name = TextColumn("{task.description}", markup=False)
    if not known:
        return [SpinnerColumn(), name, DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn()]
    percent = TextColumn("{task.percentage:>3.0f} %")
    return [name, BarColumn(None), percent, DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
