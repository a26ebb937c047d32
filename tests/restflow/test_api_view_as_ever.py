"""`tailrace.restflow.APIView` where no stream is answered: what REST framework does, it does too."""

# ruff: noqa: ARG002 - REST framework says what is passed

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework import exceptions

from tailrace.restflow import APIView, NDJSONResponse, Response, SSEResponse
from tests.restflow.asking import EVENT_STREAM, get, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def ticks() -> AsyncIterator[str]:
    yield "tick"


class Sync(APIView):
    source = staticmethod(ticks)

    def get(self, request: Any) -> SSEResponse:
        return SSEResponse(self.source())


class Async(APIView):
    source = staticmethod(ticks)

    async def get(self, request: Any) -> SSEResponse:
        return SSEResponse(self.source())


BOTH = pytest.mark.parametrize("view", [Sync, Async])


class Errors(APIView):
    async def get(self, request: Any) -> Response:
        raise exceptions.NotFound("no such order")

    async def post(self, request: Any) -> Response:
        return Response({"got": request.data}, status=201)

    async def put(self, request: Any) -> NDJSONResponse:
        raise KeyError("unexpected")


@pytest.mark.seed("R24")
@pytest.mark.parametrize("accept", ["*/*", EVENT_STREAM])
def test_an_error_before_the_stream_is_rendered(accept: str) -> None:
    response: Any = get(Errors, accept)
    assert (response.status_code, response.content) == (404, b'{"detail":"no such order"}')
    assert response["content-type"] == "application/json"


@pytest.mark.seed("R24")
def test_an_answer_that_is_no_stream_is_written_as_one_is() -> None:
    response: Any = get(Errors, EVENT_STREAM, method="post")
    assert response.status_code == 201
    assert b'data: {"got":{}}\n\nevent: end\n' in response.content
    assert response["content-type"] == EVENT_STREAM


@pytest.mark.seed("R24")
def test_an_unexpected_error_is_djangos() -> None:
    with pytest.raises(KeyError, match="unexpected"):
        get(Errors, method="put")


@pytest.mark.seed("R1")
def test_a_response_is_rest_frameworks() -> None:
    response: Any = get(Errors, method="post")
    assert (response.status_code, response.content) == (201, b'{"got":{}}')
    assert type(response) is Response


@pytest.mark.seed("R24")
@pytest.mark.parametrize("view", [Sync, Async, Errors])
def test_the_methods(view: type[APIView]) -> None:
    options: Any = get(view, method="options")
    assert options.status_code == 200
    assert "renders" in options.data
    assert get(view, method="delete").status_code == 405
    assert get(view, method="delete")["allow"] == options["allow"] == get(view)["allow"]


@BOTH
def test_head_has_the_headers_and_touches_nothing(view: type[APIView]) -> None:
    """Its handler is that of GET, and the stream that it returns may have no end."""
    made: list[AsyncIterator[str]] = []

    async def endless() -> AsyncIterator[str]:
        while True:
            yield "tick"

    class Endless(view):  # type: ignore[misc, valid-type] - both kinds of view
        def source(self) -> AsyncIterator[str]:
            made.append(endless())
            return made[-1]

    response: Any = get(Endless, method="head")
    assert response.status_code == 200
    assert dict(response.items()) == dict(get(Endless).items())
    body = list(response) if view is Sync else text_of(response)
    assert not body
    response.close()
    with pytest.raises(StopAsyncIteration):
        asyncio.run(anext(made[0]))


@BOTH
def test_a_method_is_no_name_of_anything_else(view: type[APIView]) -> None:
    assert get(view, method="dispatch").status_code == 405


def test_handlers_are_of_one_kind() -> None:
    class Mixed(APIView):
        def get(self, request: Any) -> Response:
            return Response()

        async def post(self, request: Any) -> Response:
            return Response()

    with pytest.raises(ImproperlyConfigured, match="all sync or all async"):
        Mixed.as_view()


@BOTH
def test_it_is_exempt_from_csrf_as_rest_frameworks_views_are(view: type[APIView]) -> None:
    assert view.as_view().csrf_exempt
