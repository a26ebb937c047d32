"""The shop for ASGI servers, whose open streams end when the server is told to stop."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from tailrace.drain import drain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django_shop.settings")

application = drain(get_asgi_application(), grace=settings.GRACE)
