"""Serve the shop: the database is made and filled where there is none.

    python -m examples.django_shop             # on uvicorn; --wsgi: on gunicorn
    curl http://localhost:8000/products
    curl -OJ http://localhost:8000/orders/export.csv
    curl -N http://localhost:8000/audit/live
    curl --json '{"product": 1, "customer": "Ada"}' http://localhost:8000/api/orders

http://localhost:8000/ is a page that shows the audit log while it is written. The database is SQLite's, or the
one that DATABASE_URL names.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys

import django

PROJECT = "examples.django_shop"


def main() -> None:
    """Make what is missing, say where, and serve."""
    parser = argparse.ArgumentParser(prog=f"python -m {PROJECT}", description="A shop on Django.")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    parser.add_argument("--rows", type=int, default=1000, help="orders of a new shop (default: %(default)s)")
    parser.add_argument("--wsgi", action="store_true", help="gunicorn with threads, instead of uvicorn")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{PROJECT}.settings")
    django.setup()
    grace = prepare(options.rows)
    print(f"http://localhost:{options.port}/", flush=True)
    sys.argv = (gunicorn if options.wsgi else uvicorn)(options.port, grace)
    runpy.run_module(sys.argv[0], run_name="__main__")  # as `python -m uvicorn ...` would


def prepare(rows: int) -> float:
    """A database with something in it. Returns the seconds that streams have when the server is to stop."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up first
    from django.core.management import call_command  # noqa: PLC0415 - see above
    from django.db import connections  # noqa: PLC0415 - see above

    from examples.django_shop.shop.models import Product  # noqa: PLC0415 - see above

    call_command("migrate", verbosity=0)
    if not Product.objects.exists():
        call_command("seed", rows=rows)
    connections.close_all()
    return float(settings.GRACE)


def uvicorn(port: int, grace: float) -> list[str]:
    patience = str(int(grace) + 2)
    return [
        "uvicorn",
        f"{PROJECT}.asgi:application",
        f"--port={port}",
        f"--timeout-graceful-shutdown={patience}",
    ]


def gunicorn(port: int, grace: float) -> list[str]:
    # A stream holds a thread for as long as it lasts.
    patience = str(int(grace) + 2)
    bind = f"--bind=127.0.0.1:{port}"
    return [
        "gunicorn",
        f"{PROJECT}.wsgi:application",
        bind,
        "--threads=16",
        f"--graceful-timeout={patience}",
        "--no-control-socket",
    ]


if __name__ == "__main__":
    main()
