"""No views: a test has its own, or calls them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

urlpatterns: Final[list[URLPattern | URLResolver]] = []
