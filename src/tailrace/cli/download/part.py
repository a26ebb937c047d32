"""A file on its way: `NAME.part` for the bytes, `NAME.part.json` for what they are of, and the name only at the end."""

from __future__ import annotations

import contextlib
import os
import zlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Self

import msgspec

from tailrace.cli.download.answer import Kept
from tailrace.cli.ends import Code, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PART: Final = ".part"
_NOTE: Final = ".part.json"
_DECODED: Final = ".part.out"
_BLOCK: Final = 1 << 18
_ANY_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


class _Note(msgspec.Struct, frozen=True):
    url: str
    validator: str | None = None
    total: int | None = None
    coding: str = "identity"


class Part:
    """The file that grows. One process has it at a time; whoever comes second gets `Stop`."""

    def __init__(self, file: Path, url: str) -> None:
        self.file = file
        self.url = url
        self.path = file.with_name(file.name + _PART)
        self._note_path = file.with_name(file.name + _NOTE)
        self._decoded_path = file.with_name(file.name + _DECODED)
        self._bytes = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        self._lock()
        self._note = self._read_note()
        self.size = self._bytes.seek(0, os.SEEK_END)
        if not self.resumable:
            self.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bytes.close()
        self._decoded_path.unlink(missing_ok=True)
        if not self.size or not self.resumable:
            self.discard()

    @property
    def resumable(self) -> bool:
        """Whether the rest can be had later: not where nothing tells this file from the next one at its URL."""
        return self._note.validator is not None

    @property
    def kept(self) -> Kept:
        """What there is, for the next request."""
        return Kept(self.size, self._note.validator, self._note.total)

    def clear(self) -> None:
        """Start over."""
        if self.size:
            self._bytes.truncate(self._bytes.seek(0))
            self.size = 0

    def begin(self, validator: str | None, total: int | None, coding: str) -> None:
        """Say what the bytes are of, before the first of them is written."""
        self._write_note(_Note(self.url, validator, total, coding))

    def resume(self, total: int | None) -> None:
        """Go on. How it is coded is as it was: an answer to If-Range need not repeat it (RFC 9110 15.3.7)."""
        if total != self._note.total:
            self._write_note(msgspec.structs.replace(self._note, total=total))

    def _write_note(self, note: _Note) -> None:
        self._note = note
        beside = self._note_path.with_name(self._note_path.name + "~")
        beside.write_bytes(msgspec.json.encode(note))
        beside.replace(self._note_path)

    def write(self, data: bytes) -> None:
        """Append; raises `OSError`, as where the disk is full."""
        rest = memoryview(data)
        while rest:
            count = self._bytes.write(rest)
            self.size += count
            rest = rest[count:]

    def cut(self, size: int) -> None:
        """Take back what came behind so many bytes."""
        self._bytes.truncate(size)
        self.size = self._bytes.seek(size)

    def discard(self) -> None:
        """Leave nothing behind."""
        self.size = 0
        for path in (self.path, self._note_path, self._decoded_path):
            path.unlink(missing_ok=True)

    def ready(self) -> Path:
        """The finished file, under a name that is not its own yet: decoded, if it came coded all the same."""
        os.fsync(self._bytes.fileno())
        return self._decoded() if self._is_coded() else self.path

    def place(self, ready: Path, *, force: bool) -> None:
        """Give it its name."""
        if force:
            ready.replace(self.file)
        else:
            _rename(ready, self.file)
        self.discard()

    def _is_coded(self) -> bool:
        # What is called .gz is to be what it is called, whatever the server thinks is the coding of what.
        return self._note.coding != "identity" and self.file.suffix not in {".gz", ".tgz"}

    def _decoded(self) -> Path:
        if self._note.coding not in {"gzip", "x-gzip", "deflate"}:
            raise Stop(
                Code.MALFORMED,
                f"the server sends {self._note.coding}, though it was asked for the file as it is; "
                f"{self.path} has it as it came",
            )
        with self._decoded_path.open("wb") as file:
            for piece in self._inflated():
                file.write(piece)
        return self._decoded_path

    def _inflated(self) -> Iterator[bytes]:
        decoder = zlib.decompressobj(_ANY_GZIP_OR_ZLIB)
        self._bytes.seek(0)
        try:
            while data := self._bytes.read(_BLOCK):
                while data:
                    yield decoder.decompress(data, _BLOCK)
                    data = decoder.unconsumed_tail
                    if decoder.eof and decoder.unused_data:  # one more member (RFC 1952 2.2)
                        data, decoder = decoder.unused_data, zlib.decompressobj(_ANY_GZIP_OR_ZLIB)
        except zlib.error as error:
            self.discard()
            raise Stop(Code.MALFORMED, f"{self._note.coding}: {error}") from None
        if not decoder.eof:
            self.discard()
            raise Stop(Code.TRUNCATED, f"the {self._note.coding} data end before their end")

    def _read_note(self) -> _Note:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            note = msgspec.json.decode(self._note_path.read_bytes(), type=_Note)
            if note.url == self.url:
                return note
        return _Note(self.url)

    def _lock(self) -> None:
        if find_spec("fcntl") is None:  # Windows
            return
        import fcntl  # noqa: PLC0415 - not on every system

        try:
            fcntl.flock(self._bytes, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._bytes.close()
            raise Stop(Code.FILE, f"{self.path} is being written by another download") from None


def begun(folder: Path, url: str) -> Path | None:
    """The file of a download of the same URL that was broken off in this folder."""
    for path in sorted(folder.glob(f"*{_NOTE}")):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            if msgspec.json.decode(path.read_bytes(), type=_Note).url == url:
                return path.with_name(path.name.removesuffix(_NOTE))
    return None


def taken(file: Path) -> Stop:
    """The refusal to write over a file."""
    return Stop(Code.FILE, f"{file} is there already; --force replaces it, -o NAME saves beside it")


def _rename(source: Path, file: Path) -> None:
    """Rename, unless there is one: a link says so in one step, and `replace` on file systems without links."""
    try:
        file.hardlink_to(source)
    except FileExistsError:
        raise taken(file) from None
    except OSError:
        if file.exists():
            raise taken(file) from None
        source.replace(file)
    else:
        source.unlink()
