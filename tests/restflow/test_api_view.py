"""`tailrace.restflow.APIView`, and what other views make of a request for a stream."""

# ruff: noqa: ARG002 - REST framework says what is passed

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import adrf.views
import pytest
import restflow.views
from rest_framework import exceptions, views
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from tailrace.drf import EventStreamRenderer, JSONRenderer, NDJSONRenderer
from tailrace.restflow import APIView, SSEResponse
from tests.restflow.asking import EVENT_STREAM, get, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LINES = "application/x-ndjson"


async def ticks() -> AsyncIterator[str]:
    yield "tick"


class Sync(APIView):
    def get(self, request: Any) -> SSEResponse:
        return SSEResponse(ticks())


class Async(APIView):
    async def get(self, request: Any) -> SSEResponse:
        return SSEResponse(ticks())


BOTH = pytest.mark.parametrize("view", [Sync, Async])


@pytest.mark.seed("R24")
@BOTH
@pytest.mark.parametrize(
    "accept", [EVENT_STREAM, LINES, "*/*", "application/json", f"image/png, {EVENT_STREAM};q=0.1"]
)
def test_a_stream_is_acceptable(view: type[APIView], accept: str) -> None:
    response = get(view, accept)
    assert response.status_code == 200
    assert response["content-type"] == EVENT_STREAM
    assert text_of(response) == "data: tick\n\n"


@pytest.mark.seed("R24")
@BOTH
@pytest.mark.parametrize("accept", ["image/png", "text/csv, application/xml"])
def test_what_nothing_here_is_is_not_acceptable(view: type[APIView], accept: str) -> None:
    response: Any = get(view, accept)
    assert response.status_code == 406
    assert response["content-type"] == "application/json"


class RestFramework(views.APIView):
    def get(self, request: Any) -> SSEResponse:
        return SSEResponse(ticks())


class Adrf(adrf.views.APIView):
    async def get(self, request: Any) -> SSEResponse:
        return SSEResponse(ticks())


class Restflow(restflow.views.AsyncAPIView):
    async def get(self, request: Any) -> SSEResponse:
        return SSEResponse(ticks())


@pytest.mark.seed("R24")
@pytest.mark.parametrize("view", [RestFramework, Adrf, Restflow])
def test_other_views_refuse_an_event_source(view: Any) -> None:
    """They ask their renderers, of which none makes events, and none is used."""
    assert get(view).status_code == 200
    assert get(view, EVENT_STREAM).status_code == 406


@pytest.mark.seed("R24")
@pytest.mark.parametrize("view", [RestFramework, Adrf, Restflow])
def test_other_views_with_our_renderers_do_not(view: Any) -> None:
    class Rendered(view):  # type: ignore[misc, valid-type] - three kinds of view
        renderer_classes = (*view.renderer_classes, EventStreamRenderer)

    assert text_of(get(Rendered, EVENT_STREAM)) == "data: tick\n\n"


@BOTH
def test_a_renderer_of_the_views_own_is_kept(view: type[APIView]) -> None:
    class Own(EventStreamRenderer):
        pass

    class Rendered(view):  # type: ignore[misc, valid-type] - both kinds of view
        renderer_classes = (Own,)

    assert [type(renderer) for renderer in Rendered().get_renderers()] == [Own, JSONRenderer, NDJSONRenderer]


# What precedes the iterable


class Named(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[str, None] | None:
        name = request.headers.get("authorization")
        if name == "wrong":
            raise exceptions.AuthenticationFailed
        return None if name is None else (name, None)

    def authenticate_header(self, request: Any) -> str:
        return "Name"


class Nobody(BasePermission):
    message = "nobody may"

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Busy(BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        return False

    def wait(self) -> float:
        return 7.0


@pytest.mark.seed("R24")
@pytest.mark.seed("R25")
@BOTH
@pytest.mark.parametrize("accept", ["*/*", EVENT_STREAM])
@pytest.mark.parametrize(
    ("policy", "status", "header"),
    [
        ({"permission_classes": [Nobody], "authentication_classes": []}, 403, None),
        (
            {"permission_classes": [Nobody], "authentication_classes": [Named]},
            401,
            ("www-authenticate", "Name"),
        ),
        ({"throttle_classes": [Busy]}, 429, ("retry-after", "7")),
    ],
)
def test_who_may_not_never_reaches_the_iterable(
    view: type[APIView], accept: str, policy: dict[str, Any], status: int, header: tuple[str, str] | None
) -> None:
    touched: list[str] = []

    class Watched(view):  # type: ignore[misc, valid-type] - both kinds of view
        pass

    for name, classes in policy.items():
        setattr(Watched, name, classes)
    original = view.get

    def get_(self: Any, request: Any) -> Any:
        touched.append("handler")
        return original(self, request)

    async def aget(self: Any, request: Any) -> Any:
        touched.append("handler")
        return await original(self, request)

    Watched.get = aget if view is Async else get_
    response: Any = get(Watched, accept)
    assert response.status_code == status
    assert response["content-type"] == "application/json"
    assert list(response.data) == ["detail"]
    if header is not None:
        assert response[header[0]] == header[1]
    assert touched == []


@pytest.mark.seed("R25")
def test_what_may_block_runs_in_a_thread() -> None:
    """And in one only: a permission may use the ORM, which refuses to work within an event loop."""
    seen: dict[str, str] = {}

    class Looking(BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            seen["permission"] = threading.current_thread().name
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            return bool(request.user)

    class LookingUser(BaseAuthentication):
        def authenticate(self, request: Any) -> tuple[str, None]:
            seen["authentication"] = threading.current_thread().name
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            return "ada", None

    class View(APIView):
        authentication_classes = (LookingUser,)
        permission_classes = (Looking,)

        async def get(self, request: Any) -> SSEResponse:
            asyncio.get_running_loop()
            return SSEResponse([f"for {request.user}"])

    assert text_of(get(View, EVENT_STREAM)) == "data: for ada\n\n"
    assert seen["permission"] == seen["authentication"] != threading.current_thread().name


@pytest.mark.seed("R25")
@BOTH
def test_renderers_do_not_run(view: type[APIView]) -> None:
    class Rendered(view):  # type: ignore[misc, valid-type] - both kinds of view
        renderer_classes = (Exploding,)

    assert text_of(get(Rendered)) == "data: tick\n\n"


class Exploding(views.APIView.renderer_classes[0]):  # type: ignore[misc] - JSON's
    def render(self, *args: Any, **kwargs: Any) -> bytes:
        raise AssertionError
