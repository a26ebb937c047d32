"""The application that INSTALLED_APPS names: it brings system checks, and no models."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TailraceConfig(AppConfig):
    """`INSTALLED_APPS = [..., "tailrace.django"]`."""

    name = "tailrace.django"
    label = "tailrace"
    verbose_name = "tailrace"

    def ready(self) -> None:
        """Register the checks."""
        import_module("tailrace.django.checks")
