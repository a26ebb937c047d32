"""The orders as Django REST framework has them: serializers, permissions and negotiation as ever, and a stream."""

from __future__ import annotations

from typing import Any

from rest_framework import generics, serializers

from examples.django_shop.shop.models import Order, place
from tailrace.drf import StreamMixin


class OrderSerializer(serializers.ModelSerializer):
    """An order, as it is sent and taken; the price is the shop's."""

    class Meta:  # noqa: D106 - Django's own word
        model = Order
        fields = ("id", "product", "customer", "quantity", "total", "placed")
        read_only_fields = ("id", "total", "placed")

    def create(self, validated_data: dict[str, Any]) -> Order:
        return place(**validated_data)


class Orders(StreamMixin, generics.ListCreateAPIView):
    """GET streams them, POST takes one more."""

    queryset = Order.objects.order_by("id")
    serializer_class = OrderSerializer
