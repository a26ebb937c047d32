"""The exchange with the server, again and again until the file is whole."""

from __future__ import annotations

import hashlib
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import httpx2

from tailrace.cli.download import answer
from tailrace.cli.download.digests import digests_of, wrong
from tailrace.cli.download.name import name_of
from tailrace.cli.download.part import Part, begun, taken
from tailrace.cli.ends import Code, Stop
from tailrace.cli.request import detail_of, sent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CEILING: Final = 30.0
_LONGEST_WAIT: Final = 300.0


class News(Protocol):
    """Who wants to know how it goes."""

    def opened(self, part: Part) -> None:
        """Bytes are about to come, behind those of the part."""

    def grown(self, size: int) -> None:
        """There are so many bytes now."""

    def waiting(self, why: str, seconds: float) -> None:
        """It broke, and will go on."""

    def restarted(self, why: str) -> None:
        """What was there is of no use."""


@dataclass(frozen=True)
class Order:
    """What to get, and where to."""

    url: str
    folder: Path
    file: Path | None = None
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    force: bool = False
    sha256: str | None = None
    retries: int = 5
    pause: float = 1.0


@dataclass
class Saved:
    """What has become of it."""

    file: Path
    size: int = 0
    seconds: float = 0.0
    resumed_from: int = 0
    requests: int = 0
    checked: list[str] = field(default_factory=list[str])
    """What says that it is whole: nothing, if neither a length nor a framing nor a digest did."""


class _Broken(Exception):
    """The exchange ended before the file did; `code` is how the command ends if it stays so."""

    def __init__(self, code: Code, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.after = after


class Transfer:
    """One file."""

    def __init__(self, client: httpx2.Client, order: Order, news: News) -> None:
        self._client = client
        self._order = order
        self._news = news
        self._part: Part | None = None
        self._saved: Saved | None = None
        self._requests = 0
        self._restarts = 0
        self._framed = False
        self._digests: dict[str, bytes] = {}

    def run(self) -> Saved:
        """Get it; raises `Stop`, and what httpx2 raises where there was no answer at all."""
        began = time.monotonic()
        with ExitStack() as stack:
            known = self._order.file or begun(self._order.folder, self._order.url)
            if known is not None:
                stack.enter_context(self._open(known))
            saved = self._finished(self._repeat(stack))
        saved.seconds = time.monotonic() - began
        return saved

    def _repeat(self, stack: ExitStack) -> Part:
        tries, furthest = 0, -1
        while True:
            try:
                whole = self._exchange(stack)
                if whole is not None:
                    return whole
            except _Broken as broken:
                size = 0 if self._part is None else self._part.size
                tries, furthest = (0 if size > furthest else tries) + 1, max(size, furthest)
                if tries > self._order.retries:
                    raise Stop(broken.code, f"{broken}; gave up after {_times(tries)}") from None
                self._wait(broken, tries)

    def _wait(self, broken: _Broken, tries: int) -> None:
        seconds = min(_CEILING, self._order.pause * 2 ** (tries - 1)) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        if broken.after is not None:
            seconds = max(seconds, broken.after)
        if seconds > _LONGEST_WAIT:
            raise Stop(broken.code, f"{broken}, and asks to come back in {seconds:.0f} s") from None
        self._news.waiting(str(broken), seconds)
        time.sleep(seconds)

    def _exchange(self, stack: ExitStack) -> Part | None:
        """One request, and the file if all of it is there. Raises `_Broken` for what may go better another time."""
        kept = answer.Kept() if self._part is None else self._part.kept
        headers = httpx2.Headers([*self._order.fields, ("accept-encoding", "identity")])
        if kept.size and kept.validator is not None:
            headers["range"] = f"bytes={kept.size}-"
            headers["if-range"] = kept.validator
        try:
            request = self._client.build_request("GET", self._order.url, headers=headers)
            with sent(self._client, request) as response:
                self._requests += 1
                verdict = answer.judge(response.status_code, response.headers, kept, datetime.now(UTC))
                if isinstance(verdict, answer.Take):
                    return self._take(verdict, response, stack)
                if isinstance(verdict, answer.Refused):
                    raise Stop(Code.FAILED, verdict.why + detail_of(response))
        except httpx2.TransportError as error:
            if not self._requests:
                raise
            raise self._cut(_reason(error)) from None
        if isinstance(verdict, answer.Later):
            raise _Broken(Code.FAILED, verdict.why, verdict.after)
        if isinstance(verdict, answer.Restart) and self._part is not None:
            self._restart(self._part, f"the file {verdict.why}")
            return None
        return self._part

    def _restart(self, part: Part, why: str) -> None:
        self._restarts += 1
        part.clear()
        if self._restarts > self._order.retries + 1:
            raise Stop(Code.FAILED, f"{why}: {self._restarts} times now")
        self._news.restarted(why)

    def _take(self, take: answer.Take, response: httpx2.Response, stack: ExitStack) -> Part | None:
        fields = response.headers
        part = self._part
        if part is None:
            name = name_of(fields.get("content-disposition"), response.url.path)
            part = stack.enter_context(self._open(self._order.folder / name))
        if part.size > take.offset:
            self._restart(part, "the server sends all of it")
        if take.offset:
            part.resume(take.total)
        else:
            part.begin(take.validator, take.total, fields.get("content-encoding", "identity").strip().lower())
        self._note(take, part, fields, response.http_version)
        self._news.opened(part)
        self._receive(part, response)
        if take.total is None or part.size == take.total:
            return part
        if take.until is None or part.size < take.until:
            raise self._cut("the body ends there")
        return None  # a server may give less than it was asked for (RFC 9110 15.3.7)

    def _note(self, take: answer.Take, part: Part, fields: Mapping[str, str], version: str) -> None:
        if self._saved is None:
            self._saved = Saved(part.file, resumed_from=take.offset)
        chunked = "chunked" in fields.get("transfer-encoding", "").lower()
        self._framed = chunked or not version.startswith("HTTP/1")
        self._digests = digests_of(fields.get("repr-digest")) or self._digests

    def _receive(self, part: Part, response: httpx2.Response) -> None:
        offset = part.size
        expected = digests_of(response.headers.get("content-digest"))
        hashes = {name: hashlib.new(name) for name in expected}
        for piece in response.iter_raw():
            try:
                part.write(piece)
            except OSError as error:
                raise _unwritable(part, error) from error
            for one in hashes.values():
                one.update(piece)
            self._news.grown(part.size)
        total = part.kept.total
        if total is not None and part.size > total:
            part.clear()
            raise _Broken(Code.MALFORMED, f"more than the {total} bytes that were announced")
        if any(hashes[name].digest() != digest for name, digest in expected.items()):
            part.cut(offset)
            raise _Broken(Code.MISMATCH, "what came is not what its Content-Digest says")

    def _cut(self, why: str) -> _Broken:
        if self._part is None or not self._part.size:
            return _Broken(Code.UNREACHABLE, f"no answer: {why}")
        total = self._part.kept.total
        of = "" if total is None else f" of {total}"
        return _Broken(Code.TRUNCATED, f"cut off after {self._part.size}{of} bytes: {why}")

    def _open(self, file: Path) -> Part:
        if file.exists() and not self._order.force:
            raise taken(file)
        try:
            self._part = Part(file, self._order.url)
        except OSError as error:
            raise Stop(Code.FILE, f"{file}: {error.strerror}") from error
        return self._part

    def _finished(self, part: Part) -> Saved:
        saved = self._saved or Saved(part.file, resumed_from=part.size)
        saved.size, saved.requests = part.size, self._requests
        if part.kept.total is not None or self._framed:
            saved.checked.append("length" if part.kept.total is not None else "framing")
        self._check(part, "Repr-Digest", self._digests, part.path, saved)
        try:
            ready = part.ready()
            if self._order.sha256 is not None:
                self._check(part, "--sha256", {"sha256": bytes.fromhex(self._order.sha256)}, ready, saved)
            saved.size = ready.stat().st_size
            part.place(ready, force=self._order.force)
        except OSError as error:
            raise _unwritable(part, error) from error
        return saved

    def _check(self, part: Part, said: str, digests: dict[str, bytes], path: Path, saved: Saved) -> None:
        failed = wrong(digests, path)
        if failed is not None:
            part.discard()
            raise Stop(Code.MISMATCH, f"{part.file.name} is not what {said} says ({failed}); nothing is kept")
        saved.checked += [said] if digests else []


def _unwritable(part: Part, error: OSError) -> Stop:
    return Stop(Code.FILE, f"{part.path}: {error.strerror} after {part.size} bytes; {fate(part)}")


def fate(part: Part) -> str:
    """What becomes of a part whose transfer ends before it does."""
    if part.resumable:
        return "they are kept, and the same command goes on from there"
    return "they are not kept, since the server does not say by what to know the file again (ETag, Last-Modified)"


def _reason(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "nothing came in time"
    if isinstance(error, httpx2.RemoteProtocolError) and "closed connection" in str(error):
        return "the connection was closed"  # httpx2 counts the bytes of this answer only
    return str(error) or type(error).__name__


def _times(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"
