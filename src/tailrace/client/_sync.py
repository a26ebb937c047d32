"""Reading streams without an event loop, and without a thread of its own."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from tailrace._resume import State
from tailrace.client._answer import is_error
from tailrace.client._base import BaseConnection
from tailrace.client._handle import Handle
from tailrace.client._request import MOST_REDIRECTS, OWN_TIMEOUT, certificates, redirected, value_of
from tailrace.client._steps import MORE
from tailrace.client._trouble import Beginning

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Self

    from tailrace._reading.picture import Key
    from tailrace._reading.progress import Change

T = TypeVar("T")


class Connection(BaseConnection[T]):
    """A stream that is read: items to iterate over, or a document whose parts can be waited for.

    Reads only as far as somebody asks. One thread reads; `close` may be called from any.
    """

    _client_type = httpx2.Client
    _client: httpx2.Client | None = None
    _raw: Iterator[bytes] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        """Make what its threads share."""
        super().__init__(*args, **options)
        self._closing = threading.Event()
        self._session_lock = threading.RLock()
        self._busy = threading.Lock()

    def __enter__(self) -> Self:
        """Connect, and know what comes; raises what the server says, or that there is none."""
        self.entered = True
        try:
            for _ in self._steps.beginning():
                self._more()
            self._steps.check_begun()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._steps.left = True
        self.close()

    def __iter__(self) -> Iterator[T]:
        """The items, each as soon as it is there; of a document that is a list, its elements."""
        return self._each(self._steps.items())

    def changes(self) -> Iterator[Change]:
        """What each record did to the document; what came before, as one change of the whole."""
        return self._each(self._steps.changes())

    def snapshots(self) -> Iterator[Any]:
        """Pictures of the document as far as it has come, one whenever more has; they do not change."""
        return self._each(self._steps.snapshots())

    def _each(self, steps: Generator[Any]) -> Iterator[Any]:
        try:
            for step in steps:
                if step is MORE:
                    self._more()
                else:
                    yield step
        finally:
            steps.close()
            if not self.entered:
                self.__exit__()

    @property
    def document(self) -> Handle:
        """The whole document."""
        reading = self._steps.reader.reading
        reading.demand = self._more
        return Handle(reading)

    def __getitem__(self, key: Key) -> Handle:
        """A part of the document."""
        return self.document[key]

    def at(self, pointer: str) -> Handle:
        """The part at a JSON Pointer (RFC 6901); raises `ValueError` where that is none."""
        return self.document.at(pointer)

    def close(self) -> None:
        """End it at once, in whatever it is, from any thread; nothing is sent any more. What came stays readable."""
        self._closing.set()  # who inflates much that brings nothing takes the lock again as soon as he gives it up
        with self._session_lock:
            self._session.close(self._at)
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()
        else:  # somebody reads, who lets go of it once there is nothing to be read
            self._wire.interrupt()
        self._announce()

    # Going on.

    def _more(self) -> None:
        """Wait until there is something new."""
        with self._busy:
            try:
                self._advance()
            except Exception as error:  # noqa: BLE001 - of the caller's functions, or of the client: for who waits
                with self._session_lock:
                    self._session.close(self._at, error)
            except BaseException:
                with self._session_lock:
                    self._session.close(self._at)
                self._release()
                raise
            if self._session.over:
                self._release()
        self._announce()

    def _advance(self) -> None:
        session = self._session
        if session.state is State.WAITING:
            self.clock.wait(max(0.0, session.until - self.clock.monotonic()), self._closing)
        if self._closing.is_set():
            with self._session_lock:
                session.close(self._at)
        elif session.state is State.OPEN:
            self._read()
        elif not session.over:
            self._connect()
        if session.state is not State.OPEN:
            self._drop()

    def _connect(self) -> None:
        session, ask = self._session, self._ask
        client: httpx2.Client = ask.client or self._own_client()
        headers, params = value_of(ask.headers), value_of(ask.params)
        request = ask.request(client, session, headers, params)
        request.extensions["trace"] = self._wire.note
        with self._session_lock:
            if self._closing.is_set():
                return
            session.connect(self._at, ask.method)
        try:
            response = self._send(client, request)
        except httpx2.HTTPError as error:
            with self._session_lock:
                self._missed(error, request)
            return
        self._response = response
        self._wire.opened(response.extensions)
        refused = _start_of(response) if is_error(response.status_code) else None
        with self._session_lock:
            if refused is not None:
                session.refuse(response.status_code, response.headers, refused, self._at)
            elif self._received(response, self._at):
                self._raw = response.iter_raw()

    def _own_client(self) -> httpx2.Client:
        if self._client is None:
            # A connection of its own for each request: only of those that are new is the socket known from the start.
            self._client = httpx2.Client(
                verify=certificates(), timeout=OWN_TIMEOUT, limits=httpx2.Limits(max_keepalive_connections=0)
            )
        return self._client

    def _send(self, client: httpx2.Client, request: httpx2.Request) -> httpx2.Response:
        """The response, wherever redirects lead."""
        auth = self._ask.auth
        redirects = 0
        while True:
            response = client.send(request, stream=True, auth=auth, follow_redirects=False)
            following = redirected(request, response)
            if following is None or redirects >= MOST_REDIRECTS or self._closing.is_set():
                return response
            redirects += 1
            self._wire.forget()
            response.close()
            if following.url.origin != request.url.origin:
                auth = None
            request = following

    def _read(self) -> None:
        """Read until something new has come, or it has ended."""
        session = self._session
        before = session.count
        while session.state is State.OPEN and session.count == before and not self._closing.is_set():
            with self._session_lock:
                if self._inflate():
                    continue
            assert self._raw is not None  # noqa: S101 - it is open
            try:
                raw = next(self._raw, None)
            except httpx2.HTTPError as error:
                with self._session_lock:
                    self._lost(error)
            else:
                with self._session_lock:
                    self._take(raw)

    def _drop(self) -> None:
        """Let go of the response."""
        self._raw = None
        self._wire.forget()
        with contextlib.suppress(httpx2.HTTPError):  # it is over, whatever the connection says
            if self._response is not None:
                self._response.close()

    def _release(self) -> None:
        try:
            self._drop()
        finally:
            client, self._client = self._client, None
            if client is not None:
                client.close()


def _start_of(response: httpx2.Response) -> bytes:
    """The body of an error, as far as it is looked at."""
    body = Beginning(response)
    with contextlib.suppress(httpx2.HTTPError):  # the status says enough
        for part in response.iter_bytes():
            if not body.wants(part):
                break
    return body.bytes
