"""The shop as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The entry in INSTALLED_APPS."""

    name = "examples.django_shop.shop"
    label = "shop"
