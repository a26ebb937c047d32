"""Async views, as they are written with adrf and with restflow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Final

import adrf.fields
import adrf.generics
import adrf.serializers
import adrf.views
import adrf.viewsets
import restflow.serializers
import restflow.views
from adrf.decorators import api_view
from rest_framework.decorators import renderer_classes
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from restflow.pagination import PageNumberPagination

from tailrace.drf import StreamMixin, stream
from tests.django.shop.models import Order
from tests.drf.views import ALL, Deny, OrderSerializer, Pages, error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPS: Final[list[asyncio.AbstractEventLoop]] = []
"""In which a view and its source have run."""


class AsyncPages(PageNumberPagination):
    page_size = 2


class AdrfOrders(StreamMixin, adrf.generics.ListAPIView):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL


class AdrfPagedOrders(AdrfOrders):
    pagination_class = Pages


class AdrfDenied(AdrfOrders):
    permission_classes = (Deny,)
    authentication_classes = ()


class AdrfViewSet(StreamMixin, adrf.viewsets.ReadOnlyModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL


class AwaitedSerializer(adrf.serializers.ModelSerializer):
    name = adrf.fields.SerializerMethodField()

    class Meta:
        model = Order
        fields: ClassVar[list[str]] = ["id", "name"]

    async def get_name(self, order: Order) -> str:
        await asyncio.sleep(0)
        return f"order {order.pk}"


class AdrfAwaited(AdrfOrders):
    serializer_class = AwaitedSerializer


class AdrfFailing(adrf.views.APIView):
    renderer_classes = ALL

    async def get(self, request: Any, what: str) -> Any:
        async def rows() -> AsyncIterator[int]:
            raise error_of(what)
            yield 1

        return stream(request, rows())


@api_view(["GET"])
@renderer_classes(ALL)
async def adrf_numbers(request: Any) -> Any:
    LOOPS.append(asyncio.get_running_loop())
    return stream(request, _numbers())


async def _numbers() -> AsyncIterator[dict[str, int]]:
    for n in range(3):
        LOOPS.append(asyncio.get_running_loop())
        yield {"n": n}


class RestflowOrders(StreamMixin, restflow.views.AsyncListAPIView):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL


class RestflowPagedOrders(RestflowOrders):
    pagination_class = AsyncPages


class RestflowChosenPages(RestflowOrders):
    def get_pagination_class(self) -> Any:
        return AsyncPages


class TypedSerializer(restflow.serializers.ModelSerializer):
    class Meta:
        model = Order
        fields: ClassVar[list[str]] = ["id"]


class RestflowViewSet(StreamMixin, restflow.views.AsyncReadOnlyModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL
    action_configs: ClassVar[dict[str, Any]] = {
        "list": restflow.views.ActionConfig(
            response_serializer_class=TypedSerializer, pagination_class=AsyncPages
        )
    }


class RestflowSyncViewSet(StreamMixin, restflow.views.ReadOnlyModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    renderer_classes = ALL
    action_configs: ClassVar[dict[str, Any]] = {
        "list": restflow.views.ActionConfig(response_serializer_class=TypedSerializer)
    }


class RestflowView(restflow.views.AsyncAPIView):
    renderer_classes = ALL

    async def get(self, request: Any) -> Any:
        return stream(request, Order.objects.select_related("product"), serializer=_named)


def _named(order: Order) -> dict[str, Any]:
    return {"id": order.pk, "product": order.product.name}


class RestflowFailing(restflow.views.AsyncAPIView):
    renderer_classes = ALL

    def get_exception_handler(self) -> Any:
        return self.answer

    async def answer(self, error: Exception, context: dict[str, Any]) -> Response | None:
        await asyncio.sleep(0)
        assert context["view"] is self
        return (
            Response({"oops": type(error).__name__}, status=418) if not isinstance(error, NotFound) else None
        )

    async def get(self, request: Any, what: str) -> Any:
        def rows() -> Any:
            raise error_of(what)
            yield 1

        return stream(request, rows())
