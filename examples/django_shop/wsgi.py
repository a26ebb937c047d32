"""The shop for WSGI servers, whose open streams end when the server is told to stop."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from tailrace.wsgi import drain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django_shop.settings")

application = drain(get_wsgi_application(), grace=settings.GRACE)
