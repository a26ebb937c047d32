"""`Stream` for FastAPI: `return Stream(rows())`, or `response_class=Stream` on a route that yields.

The first is the better one: FastAPI wraps the generator of a route that yields, which costs a turn of
the loop for each item and leaves closing it to FastAPI. Dependencies with `yield` live until the last
item in both.
"""

from tailrace.starlette import Stream

__all__ = ["Stream"]
