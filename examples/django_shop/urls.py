"""Where the shop's views are."""

from __future__ import annotations

from django.urls import path

from examples.django_shop.shop import api, audit, dashboard, views

urlpatterns = [
    path("", views.page),
    path("products", views.products),
    path("products/<int:number>/orders", views.orders_of),
    path("orders/export.<str:ending>", views.export),
    path("api/orders", api.Orders.as_view()),
    path("dashboard", dashboard.dashboard),
    path("audit/live", audit.live),
]
