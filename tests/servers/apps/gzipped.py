"""The same under Starlette's own compression, of which tailrace knows nothing."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware

from .ours import app

app.add_middleware(GZipMiddleware, minimum_size=1)
