"""Where the views are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import path
from rest_framework.routers import SimpleRouter

from tests.drf import async_views, gathered_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

router: Final = SimpleRouter(trailing_slash=False)
router.register("set", views.OrderViewSet)
router.register("restflow/set", async_views.RestflowViewSet, "restflow")
router.register("restflow/sync-set", async_views.RestflowSyncViewSet, "restflow-sync")

_CLASSES: Final[dict[str, Any]] = {
    "orders": views.Orders,
    "paged": views.PagedOrders,
    "versioned": views.VersionedOrders,
    "suffixed.<format>": views.Orders,
    "named": views.NamedOrders,
    "stock": views.StockOrders,
    "stock-paged": views.StockPagedOrders,
    "denied": views.Denied,
    "throttled": views.Throttled,
    "failing/<what>": views.Failing,
    "async-failing/<what>": views.AsyncFailing,
    "adrf/orders": async_views.AdrfOrders,
    "adrf/paged": async_views.AdrfPagedOrders,
    "adrf/denied": async_views.AdrfDenied,
    "adrf/awaited": async_views.AdrfAwaited,
    "adrf/failing/<what>": async_views.AdrfFailing,
    "restflow/orders": async_views.RestflowOrders,
    "restflow/paged": async_views.RestflowPagedOrders,
    "restflow/chosen": async_views.RestflowChosenPages,
    "restflow/view": async_views.RestflowView,
    "restflow/failing/<what>": async_views.RestflowFailing,
}
_FUNCTIONS: Final[dict[str, Any]] = {
    "numbers": views.numbers,
    "versions": views.versions,
    "scalars": views.scalars,
    "ids": views.with_ids,
    "export": views.export,
    "document": views.document,
    "their-json": views.in_their_json,
    "localized": views.localized,
    "plain": views.plain,
    "typed": views.typed,
}

_GATHERED: Final = ("many", "unending", "endless", "silent", "breaking", "tree")

urlpatterns: Final[list[URLPattern | URLResolver]] = [
    *(path(name, view.as_view()) for name, view in _CLASSES.items()),
    *(path(name, view) for name, view in _FUNCTIONS.items()),
    path("adrf/numbers", async_views.adrf_numbers),
    path("adrf/set", async_views.AdrfViewSet.as_view({"get": "alist"})),
    *(path(f"gathered/{name}", getattr(gathered_views, name)) for name in _GATHERED),
    *router.urls,
]
