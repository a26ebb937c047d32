"""`stream` and what stands around Django's views."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory, override_settings

from tailrace import NDJSON, Delivery, Outcome
from tailrace.django import stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http import HttpRequest


from .exchange import BOTH, get, sync_rows

pytestmark = pytest.mark.usefixtures("exchange")


class Wrapping:
    """A middleware that does what Django's documentation says of streaming responses."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        if asyncio.iscoroutinefunction(get_response):
            self._is_coroutine = asyncio.coroutines._is_coroutine

    def __call__(self, request: HttpRequest) -> Any:
        if asyncio.iscoroutinefunction(self._get_response):
            return self._later(request)
        return self._wrapped(self._get_response(request))

    async def _later(self, request: HttpRequest) -> Any:
        return self._wrapped(await self._get_response(request))

    def _wrapped(self, response: Any) -> Any:
        content = response.streaming_content
        if response.is_async:

            async def upper_async() -> AsyncIterator[bytes]:
                async for part in content:
                    yield part.upper()

            response.streaming_content = upper_async()
        else:
            response.streaming_content = (part.upper() for part in content)
        return response


@BOTH
def test_gzip_keeps_out(kind: str) -> None:
    got = get(kind, "/gzip", sync_rows, headers={"accept-encoding": "gzip"})
    assert got.json == [{"id": 1}, {"id": 2}]
    assert "content-encoding" not in got.headers


@BOTH
def test_compression_is_ours(kind: str) -> None:
    delivery = Delivery(compression=("gzip",))
    got = get(kind, "/gzip", sync_rows, headers={"accept-encoding": "gzip"}, delivery=delivery)
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["vary"] == "Accept, Accept-Encoding"


@BOTH
def test_decorators_find_a_response_of_djangos(kind: str) -> None:
    got = get(kind, "/cached", sync_rows)
    assert got.headers["vary"] == "Accept, Cookie"
    assert got.headers["cache-control"] == "no-store, max-age=5"
    assert get(kind, "/cached", sync_rows, "post").status == 405


@BOTH
@override_settings(MIDDLEWARE=[f"{__name__}.Wrapping"])
def test_a_middleware_may_wrap_the_body(kind: str) -> None:
    ends: list[Outcome] = []
    got = get(kind, "/async", lambda: iter(["a", "b"]), on_finish=ends.append)
    assert got.json == ["A", "B"]
    got.response.close()
    assert [end.reason for end in ends] == ["complete"]


@override_settings(MIDDLEWARE=[f"{__name__}.Wrapping"])
def test_a_type_error_of_the_source_is_none_of_the_iterators(recwarn: pytest.WarningsRecorder) -> None:
    """Django takes it for a sync iterator's, warns of that, and raises another."""

    async def items() -> AsyncIterator[int]:
        yield 1
        raise TypeError("of the source")

    ends: list[Outcome] = []
    with pytest.raises(asyncio.CancelledError) as ended:
        get("asgi", "/async", items, formats=[NDJSON()], on_finish=ends.append)
    assert isinstance(ended.value.__cause__, TypeError)
    assert [str(end.error) for end in ends] == ["of the source"]
    assert not recwarn.list


def test_it_is_one_of_djangos_responses() -> None:
    response = stream(RequestFactory().get("/"), sync_rows(), 201, {"X-Rows": "2"}, filename="rows.json")
    assert isinstance(response, StreamingHttpResponse)
    assert (response.status_code, response["X-Rows"]) == (201, "2")
    assert response["Content-Disposition"] == 'attachment; filename="rows.json"'
    response.set_cookie("a", "b")
    assert response.reason_phrase == "Created"
    response.close()


def test_the_callbacks_of_a_template_response_are_called() -> None:
    def replace(response: Any) -> HttpResponse:
        return HttpResponse(status=response.status_code + 1)

    response = stream(RequestFactory().get("/"), sync_rows())
    response.add_post_render_callback(replace)
    assert response.render().status_code == 201
    response.close()
