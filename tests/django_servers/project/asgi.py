"""The project under ASGI: as one deploys it, and without the drain."""

from __future__ import annotations

import os
from typing import Final

from django.core.asgi import get_asgi_application

from tailrace.drain import drain

plain: Final = get_asgi_application()
app: Final = drain(plain, float(os.environ["GRACE"]))
