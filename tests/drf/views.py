"""Views as they are written with REST framework."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy
from rest_framework import (
    authentication,
    exceptions,
    generics,
    pagination,
    permissions,
    renderers,
    serializers,
    throttling,
    versioning,
)
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from tailrace import CSV, NDJSON, Abort, Event, Problem, Progressive
from tailrace.drf import RENDERERS, StreamMixin, stream
from tests.django.shop.models import Order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from rest_framework.request import Request

ALL: Final = [*RENDERERS, renderers.BrowsableAPIRenderer]


class OrderSerializer(serializers.ModelSerializer[Order]):
    class Meta:
        model = Order
        fields: ClassVar[list[str]] = ["id", "product", "total"]


class Pages(pagination.PageNumberPagination):
    page_size = 2


class Orders(StreamMixin, generics.ListAPIView[Order]):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL


class PagedOrders(Orders):
    pagination_class = Pages


class VersionedOrders(Orders):
    class versioning_class(versioning.AcceptHeaderVersioning):  # noqa: N801 - as the attribute is called
        allowed_versions = ("v2",)


class NamedOrders(Orders):
    stream_options: ClassVar[Any] = {"filename": "orders.csv"}


class StockPagedOrders(generics.ListAPIView[Order]):
    """Without anything of tailrace's but the renderers."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    pagination_class = Pages
    renderer_classes = ALL


class StockOrders(generics.ListAPIView[Order]):
    """As it is without tailrace."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = (renderers.JSONRenderer,)


class OrderViewSet(StreamMixin, ReadOnlyModelViewSet[Order]):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL


class Deny(permissions.BasePermission):
    message = "not for you"

    def has_permission(self, request: Any, view: Any) -> bool:
        del request, view
        return False


class OncePerDay(throttling.BaseThrottle):
    def allow_request(self, request: Any, view: Any) -> bool:
        del request, view
        return False

    def wait(self) -> float:
        return 60.0


class Denied(Orders):
    permission_classes = (Deny,)
    authentication_classes = ()


class Throttled(Orders):
    throttle_classes = (OncePerDay,)


ERRORS: Final[dict[str, Callable[[], Exception]]] = {
    "http404": lambda: Http404("no such shop"),
    "notfound": lambda: exceptions.NotFound("no such shop"),
    "invalid": lambda: exceptions.ValidationError({"since": ["not a date"]}),
    "unauthenticated": exceptions.NotAuthenticated,
    "key": lambda: KeyError("secret"),
    "abort": lambda: Abort(Problem(title="Gone", status=410, detail="moved out")),
    "handled": lambda: LookupError("the project handles it"),
}


def error_of(what: str) -> Exception:
    return ERRORS[what]()


class Failing(APIView):
    """Its source raises before its first item."""

    renderer_classes = ALL
    authentication_classes = (authentication.BasicAuthentication,)

    def get_exception_handler(self) -> Any:
        return handler

    def get(self, request: Request, what: str) -> Any:
        def rows() -> Iterator[int]:
            raise error_of(what)
            yield 1

        return stream(request, rows())


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """A project's EXCEPTION_HANDLER."""
    from rest_framework.views import exception_handler  # noqa: PLC0415 - as the documentation has it

    assert context["view"].request is context["request"]
    if isinstance(error, LookupError) and not isinstance(error, KeyError):
        return Response({"oops": str(error)}, status=418)
    return exception_handler(error, context)


class AsyncFailing(Failing):
    """The same with an async source, in a sync view."""

    def get(self, request: Request, what: str) -> Any:
        async def rows() -> AsyncIterator[int]:
            raise error_of(what)
            yield 1

        return stream(request, rows())


@api_view(["GET"])
@renderer_classes(ALL)
def numbers(request: Request) -> Any:
    return stream(request, ({"n": n} for n in range(3)), headers={"X-Shop": "tea"})


@api_view(["GET"])
@renderer_classes(ALL)
def versions(request: Request) -> Any:
    formats = [NDJSON(end=True), Progressive(version=1), Progressive(version=2)]
    return stream(request, [{"n": 1}], formats=formats)


@api_view(["GET"])
@renderer_classes(ALL)
def scalars(request: Request) -> Any:
    return stream(request, iter(range(2)))


@api_view(["GET"])
@renderer_classes(ALL)
def with_ids(request: Request) -> Any:
    orders = (Event(order, id=str(order.pk)) for order in Order.objects.all())
    return stream(request, orders, serializer=OrderSerializer)


@api_view(["GET"])
@renderer_classes(ALL)
def export(request: Request) -> Any:
    rows = Order.objects.values("id", "total")
    return stream(request, rows, formats=[CSV("total", "id", delimiter=";")], filename="orders.csv")


@api_view(["GET"])
@renderer_classes(ALL)
def document(request: Request) -> Any:
    async def later() -> int:
        return 2

    return stream(request, {"now": 1, "later": later()})


@api_view(["GET"])
@renderer_classes([renderers.JSONRenderer, renderers.BrowsableAPIRenderer])
def in_their_json(request: Request) -> Any:
    return stream(request, Order.objects.values("id", "total"))


class Localized(serializers.Serializer[Any]):
    """Its word and its hour are translated, and moved, when they are represented."""

    word = serializers.SerializerMethodField()
    hour = serializers.SerializerMethodField()

    def get_word(self, _: Any) -> Any:
        return gettext_lazy("Monday")

    def get_hour(self, midnight: datetime) -> int:
        return timezone.localtime(midnight).hour


@api_view(["GET"])
@renderer_classes(ALL)
def localized(request: Request) -> Any:
    def midnights() -> Iterator[datetime]:
        yield datetime(2026, 1, 1, tzinfo=UTC)

    with translation.override("de"), timezone.override(ZoneInfo("Asia/Tokyo")):
        return stream(request, midnights(), serializer=Localized)


@api_view(["GET"])
@renderer_classes(ALL)
def plain(request: Request) -> Any:
    kind = request.query_params["kind"]
    return Response(
        {"list": [{"n": 1}, {"n": 2}], "object": {"n": 1}, "none": None, "word": "tea", "empty": []}[kind]
    )


@api_view(["GET"])
@renderer_classes(ALL)
def typed(_: Request) -> Any:
    return Response([{"n": 1}], content_type="text/csv; charset=utf-8; header=present; profile=shop")
