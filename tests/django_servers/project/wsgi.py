"""The same under WSGI."""

from __future__ import annotations

import os
from typing import Final

from django.core.wsgi import get_wsgi_application

from tailrace.wsgi import drain

plain: Final = get_wsgi_application()
app: Final = drain(plain, float(os.environ["GRACE"]))
