"""Probes, what tailrace streams, and what others do."""

from __future__ import annotations

from . import ours, peers, probes

urlpatterns = [*probes.urlpatterns, *ours.urlpatterns, *peers.urlpatterns]
