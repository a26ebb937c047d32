"""What every test shares: little, on purpose."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["tests.real.plugin"]

# The gate says the same twice. To look further: HYPOTHESIS_PROFILE=explore
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
