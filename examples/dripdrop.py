"""Documents whose slow parts come later, as progressive JSON: the examples of DripDrop's README.

    python -m examples.dripdrop
    curl -N -H 'Accept: application/x-progressive-json' http://localhost:8000/blog    # each part as it is ready
    curl http://localhost:8000/blog                                                   # all of it, two seconds later
    curl -N -H 'Accept: application/x-progressive-json' http://localhost:8000/profile/ada
    curl -N -H 'Accept: application/x-progressive-json;v=2' http://localhost:8000/profile/ada

`make EXAMPLE=dripdrop run` starts it too, and `request-simple`, `request-nested` and `request-post` ask it.
"""

# No `from __future__ import annotations`: FastAPI reads the signatures of handlers, and these stand in a function.
import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from fastapi import Request

from examples.serving import serve
from tailrace.dripdrop import DripDrop

OFTEN = 0.5
"""How often what may fail does."""


async def after(seconds: float, value: Any) -> Any:
    """What a slow database would do."""
    await asyncio.sleep(seconds)
    return value


def blog(app: DripDrop, second: float) -> None:
    """Parts that are ready at different times: none waits for a slower one."""

    async def load_header() -> str:
        return await after(0.01 * second, "Welcome to my blog")

    async def load_post() -> dict[str, str]:
        return await after(0.1 * second, {"title": "Hello World", "text": "It drips."})

    async def load_comments() -> list[dict[str, str]]:
        return await after(2 * second, [{"by": "Alice", "text": "First!"}, {"by": "Bob", "text": "Second."}])

    async def load_footer() -> str:
        return await after(0.01 * second, "Hope you like it")

    @app.progressive_route("/blog")
    async def get_blog() -> dict[str, Any]:
        return {
            "header": load_header(),
            "post": load_post(),
            "comments": load_comments(),
            "footer": load_footer(),
        }


def dashboard(app: DripDrop, second: float) -> None:
    """Values that are there already stand in the first line."""

    async def load_user() -> dict[str, str]:
        return await after(second, {"name": "Alice", "role": "admin"})

    async def load_posts() -> list[dict[str, str]]:
        return await after(2 * second, [{"title": "Hello World"}, {"title": "Progressive JSON"}])

    @app.progressive_route("/dashboard", methods=["GET"])
    async def get_dashboard(request: Request) -> dict[str, Any]:
        del request  # it may be asked for, and need not
        return {"user": load_user(), "posts": load_posts(), "timestamp": "2024-01-01"}


def data(app: DripDrop, second: float) -> None:
    """Two methods on one route, the body of a POST; and a handler that returns what is no document."""

    async def look_up(wanted: Any) -> dict[str, Any]:
        return await after(second, {"wanted": wanted, "found": True})

    @app.progressive_route("/api/data", methods=["GET", "POST"])
    async def get_data(request: Request) -> dict[str, Any]:
        wanted = await request.json() if request.method == "POST" else None
        return {"sync_data": "available immediately", "async_data": look_up(wanted)}

    @app.progressive_route("/api/value")
    async def get_value() -> dict[str, str]:
        return {"data": "value"}


def profile(app: DripDrop, second: float) -> None:
    """Values within a value: each has a placeholder of its own once the one around it is there."""

    async def load_user_profile(user_id: str) -> dict[str, Any]:
        await asyncio.sleep(0.1 * second)
        return {
            "basic_info": after(0.1 * second, {"id": user_id, "name": user_id.title()}),
            "preferences": after(0.5 * second, {"theme": "dark"}),
            "activity_feed": after(second, [{"did": "signed in"}, {"did": "wrote a post"}]),
        }

    @app.progressive_route("/profile/{user_id}")
    async def get_profile(user_id: str) -> dict[str, Any]:
        return {"profile": load_user_profile(user_id), "metadata": {"timestamp": time.time()}}


def risky(app: DripDrop, second: float, dice: Callable[[], float]) -> None:
    """A value that may fail, while the rest does not."""

    async def might_fail() -> str:
        await asyncio.sleep(0.1 * second)
        if dice() < OFTEN:
            raise RuntimeError("Simulated failure")
        return "Success!"

    @app.progressive_route("/risky")
    async def get_risky() -> dict[str, Any]:
        return {"safe_data": "Always works", "risky_data": might_fail()}

    @app.progressive_route("/risky/listed", problems="problems")
    async def get_risky_listed() -> dict[str, Any]:
        return {"safe_data": "Always works", "risky_data": might_fail()}


def create_app(second: float = 1.0, dice: Callable[[], float] = random.random) -> DripDrop:
    """The app, with `second` seconds for each that it waits; `dice` decides what fails."""
    app = DripDrop(description=__doc__)
    blog(app, second)
    dashboard(app, second)
    data(app, second)
    profile(app, second)
    risky(app, second, dice)
    return app


if __name__ == "__main__":
    serve(create_app(), "/blog")
