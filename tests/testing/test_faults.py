"""What `Faults` say happens, to the application and to the reader: the same over both transports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.testing import Answer, ASGITransport, Clock, Faults, Received, WSGITransport, fetch, run
from tests.testing.apps import Pieces, client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

RESET = httpx2.ReadError
INCOMPLETE = httpx2.RemoteProtocolError
TIMEOUT = httpx2.ReadTimeout


class App:
    """The same application on both sides: ten bytes in pieces of five."""

    def __init__(self, *, length: bool) -> None:
        self.headers = {"content-length": "10"} if length else {}
        self.asgi = Pieces(b"01234", b"56789", headers=self.headers)
        self.closed = False
        self.calls = 0

    def wsgi(self, _environ: Any, start_response: Any) -> Iterable[bytes]:
        self.calls += 1
        start_response("200 OK", list(self.headers.items()))
        try:
            yield b"01234"
            yield b"56789"
        finally:
            self.closed = True


def over_asgi(app: App, faults: Faults | Sequence[Faults], requests: int = 1) -> list[Any]:
    async def main() -> list[Any]:
        client = client_of(ASGITransport(app.asgi, faults=faults))
        return [await attempt_async(client) for _ in range(requests)]

    async def attempt_async(client: httpx2.AsyncClient) -> Any:
        try:
            return await fetch(client, "/", timeout=5)
        except httpx2.HTTPError as error:
            return error

    found = run(main())
    app.closed = "closed" in app.asgi.events
    app.calls += bool(app.asgi.scope)
    return found


def over_wsgi(app: App, faults: Faults | Sequence[Faults], requests: int = 1) -> list[Any]:
    transport = WSGITransport(app.wsgi, faults=faults, clock=Clock())

    def attempt(client: httpx2.Client) -> Any:
        try:
            return fetch(client, "/", timeout=5)
        except httpx2.HTTPError as error:
            return error

    with httpx2.Client(transport=transport, base_url="http://test") as client:
        return [attempt(client) for _ in range(requests)]


Over: TypeAlias = "Callable[..., list[Any]]"


@pytest.fixture(params=[over_asgi, over_wsgi], ids=["asgi", "wsgi"])
def over(request: pytest.FixtureRequest) -> Over:
    chosen: Over = request.param
    return chosen


def got(over: Over, faults: Faults, *, length: bool = False) -> tuple[Received, App]:
    app = App(length=length)
    (received,) = over(app, faults)
    assert isinstance(received, Received)
    return received, app


def test_without_faults_nothing_happens(over: Over) -> None:
    received, app = got(over, Faults())
    assert (received.pieces, received.error, app.closed) == ((b"01234", b"56789"), None, True)


@pytest.mark.parametrize("at", range(11))
@pytest.mark.parametrize(
    ("cut_as", "error"), [("reset", RESET), ("incomplete", INCOMPLETE), ("end", type(None))]
)
def test_a_cut(over: Over, at: int, cut_as: Any, error: type) -> None:
    received, app = got(over, Faults(cut_after=at, cut_as=cut_as))
    assert received.status == 200
    assert received.content == b"0123456789"[:at]
    assert type(received.error) is error
    assert app.closed


@pytest.mark.parametrize("at", [0, 7])
def test_no_cut_is_a_clean_end_where_the_length_is_known(over: Over, at: int) -> None:
    received, _ = got(over, Faults(cut_after=at, cut_as="end"), length=True)
    assert f"received {at} bytes, expected 10" in str(received.error)


@pytest.mark.parametrize(("piece", "pieces"), [(1, 10), (2, 6), (5, 2), (100, 2)])
def test_the_size_of_pieces(over: Over, piece: int, pieces: int) -> None:
    received, _ = got(over, Faults(piece=piece))
    assert received.content == b"0123456789"
    assert len(received.pieces) == pieces
    assert max(map(len, received.pieces)) <= piece


def test_a_stall_that_ends(over: Over) -> None:
    received, _ = got(over, Faults(stall_after=7, stall_for=4))
    assert (received.pieces, received.error) == ((b"01234", b"56", b"789"), None)


@pytest.mark.parametrize("seconds", [6, math.inf])
def test_a_stall_that_is_too_long(over: Over, seconds: float) -> None:
    received, app = got(over, Faults(stall_after=7, stall_for=seconds))
    assert (received.content, type(received.error)) == (b"0123456", TIMEOUT)
    assert app.closed


def test_a_half_open_connection(over: Over) -> None:
    received, app = got(over, Faults(disconnect_after=3))
    assert (received.content, type(received.error)) == (b"012", TIMEOUT)
    assert app.closed


def test_a_slow_line_takes_its_time() -> None:
    async def main() -> Received:
        return await fetch(client_of(App(length=False).asgi, faults=Faults(rate=20)), "/")

    received = run(main())
    assert received.pieces == (b"01", b"23", b"4", b"56", b"78", b"9")
    assert received.times == pytest.approx((0.1, 0.2, 0.25, 0.35, 0.45, 0.5))


def test_a_slow_line_takes_its_time_in_wsgi() -> None:
    clock = Clock()
    transport = WSGITransport(App(length=False).wsgi, faults=Faults(rate=2, piece=1), clock=clock)
    with httpx2.Client(transport=transport) as client:
        assert len(fetch(client, "http://test").pieces) == 10
    assert clock.naps == [0.5] * 10


def test_faults_at_one_place_come_in_their_order(over: Over) -> None:
    received, _ = got(over, Faults(piece=1, stall_after=5, stall_for=3, cut_after=5, cut_as="incomplete"))
    assert (received.content, type(received.error)) == (b"01234", INCOMPLETE)


def test_a_connection_that_is_refused(over: Over) -> None:
    app = App(length=False)
    (error,) = over(app, Faults(refuse=True))
    assert type(error) is httpx2.ConnectError
    assert app.calls == 0


def test_an_answer_of_something_in_between(over: Over) -> None:
    app = App(length=False)
    answer = Answer(503, {"retry-after": "7"}, b"busy")
    whole, cut = over(app, [Faults(answer=answer), Faults(answer=answer, cut_after=2)], requests=2)
    assert (whole.status, whole.headers["retry-after"], whole.content) == (503, "7", b"busy")
    assert (cut.status, cut.content, type(cut.error)) == (503, b"bu", RESET)
    assert app.calls == 0


def test_each_request_has_its_own_and_those_behind_have_none(over: Over) -> None:
    faults = [Faults(refuse=True), Faults(cut_after=1), Faults()]
    refused, cut, first, second = over(App(length=False), faults, requests=4)
    assert type(refused) is httpx2.ConnectError
    assert [one.content for one in (cut, first, second)] == [b"0", b"0123456789", b"0123456789"]


def test_one_is_for_every_request(over: Over) -> None:
    found = over(App(length=False), Faults(cut_after=1), requests=3)
    assert [one.content for one in found] == [b"0"] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"cut_after": -1},
        {"cut_after": 1.5},
        {"cut_as": "off"},
        {"piece": 0},
        {"rate": 0},
        {"rate": -1},
        {"stall_after": True},
        {"stall_for": math.nan},
    ],
)
def test_what_can_never_happen_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Faults(**wrong)


def test_a_status_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Answer"):
        Answer(99)


def test_what_are_no_faults_is_refused() -> None:
    with pytest.raises(TypeError, match="expected Faults"):
        ASGITransport(Pieces(), faults=[{"cut_after": 1}])  # type: ignore[list-item]  # what is refused


@given(
    pieces=st.lists(st.binary(max_size=20), max_size=5),
    piece=st.none() | st.integers(1, 7),
    rate=st.none() | st.floats(1, 100),
    stall=st.none() | st.integers(0, 60),
    cut=st.none() | st.integers(0, 60),
)
def test_bytes_are_neither_lost_nor_changed(
    pieces: list[bytes], piece: int | None, rate: float | None, stall: int | None, cut: int | None
) -> None:
    steps = Faults(piece=piece, rate=rate, stall_after=stall, cut_after=cut).steps()
    happened = [step for data in [b"", *pieces] for step in steps.of(data)]
    if "reset" in happened:
        happened = happened[: happened.index("reset")]
    arrived = b"".join(step for step in happened if isinstance(step, bytes))
    sent = b"".join(pieces)
    assert arrived == (sent if cut is None else sent[:cut])
    assert all(step for step in happened if isinstance(step, bytes))
    if rate is not None:
        waited = sum(step for step in happened if isinstance(step, float) and step != math.inf)
        assert waited == pytest.approx(len(arrived) / rate)
