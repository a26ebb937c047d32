"""The application: the handlers, the page, and the index that is built while the page is already there."""

from __future__ import annotations

import inspect
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from examples.demo import dashboard, handlers, history, machine, report, sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.responses import Response

    from examples.demo.index import Index

STATIC = Path(__file__).parent / "static"
CONTENT_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

# What the page shows of each stream: its handler, what that iterates, and the twin that collects first.
CODE: dict[str, dict[str, Callable[..., Any]]] = {
    "export": {
        "handler": handlers.export,
        "source": sources.functions,
        "twin": handlers.export_buffered,
    },
    "machine": {"handler": handlers.watch_machine, "source": machine.machine},
    "history": {
        "handler": handlers.history,
        "source": history.commits,
        "twin": handlers.history_buffered,
    },
    "faulty": {
        "handler": handlers.faulty,
        "source": sources.lines_per_argument,
        "twin": handlers.faulty_buffered,
    },
    "module": {"handler": handlers.module, "source": sources.members},
    "dashboard": {
        "handler": handlers.dashboard,
        "processes": dashboard.busiest,
        "packages": dashboard.weighed,
        "report": report.report,
    },
}

page = APIRouter()


@page.get("/", include_in_schema=False)
def start() -> FileResponse:
    """Serve the page."""
    return _page("index.html")


@page.get("/dashboard/page", include_in_schema=False)
def dashboard_page() -> FileResponse:
    """Serve the page of the document."""
    return _page("dashboard.html")


def _page(name: str) -> FileResponse:
    return FileResponse(
        STATIC / name, headers={"Cache-Control": "no-cache", "Content-Security-Policy": CONTENT_POLICY}
    )


@page.get("/code", include_in_schema=False)
def code(request: Request) -> dict[str, dict[str, str]]:
    """Give the source code of what the page shows, as it runs."""
    shown = dict(CODE)
    if request.app.state.repository is None:
        shown["history"] = {**CODE["history"], "source": history.packages}
    return {
        card: {part: textwrap.dedent(inspect.getsource(function)) for part, function in parts.items()}
        for card, parts in shown.items()
    }


class FreshFiles(StaticFiles):
    """Static files a browser asks for again each time: after an update no old script meets a new page."""

    # A static file with one header more.
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(index: Index, repository: Path | None) -> FastAPI:
    """Make the demo over `index`, opened and closed with it, and the git `repository`, if there is one."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        index.open()
        yield
        index.close()

    app = FastAPI(title="tailrace demo", lifespan=lifespan)
    app.state.index = index
    app.state.repository = repository
    app.include_router(handlers.api)
    app.include_router(page)
    app.mount("/static", FreshFiles(directory=STATIC))
    return app
