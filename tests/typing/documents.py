"""Documents, with the types that their makers and their readers see; checked by mypy and pyright, never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any, assert_type

import msgspec
import pydantic

import tailrace.asgi
import tailrace.fastapi
from tailrace import Deferred, Document, Growing, GrowingText, Problem, Progressive, defer
from tailrace.formats import DocumentFormat  # noqa: TC001 - as its users import it


class User(pydantic.BaseModel):
    name: str


class Page(pydantic.BaseModel):
    user: Deferred[User]
    posts: Growing[int]
    answer: GrowingText
    maybe: Deferred[int] | None = None


@dataclass
class Plain:
    user: Deferred[User]


class Struct(msgspec.Struct):
    rows: Growing[int]


async def load_user() -> User:
    return User(name="Ada")


async def posts() -> AsyncIterator[int]:
    yield 1


async def words() -> AsyncIterator[str]:
    yield "a"


def size_of(path: str) -> int:
    return len(path)


async def page() -> tailrace.fastapi.Stream:
    whole = Page(
        user=load_user(), posts=posts(), answer=GrowingText(words()), maybe=defer(size_of, "/", timeout=1)
    )
    assert_type(whole.user, Awaitable[User])
    assert_type(whole.posts, AsyncIterable[int])
    assert_type(await whole.user, User)
    return tailrace.fastapi.Stream(whole)


async def trees() -> None:
    task = asyncio.ensure_future(load_user())
    tailrace.asgi.Stream({"user": task, "inside": [load_user(), {"posts": posts()}]})
    tailrace.asgi.Stream(Plain(user=task))
    tailrace.asgi.Stream(Struct(rows=posts()), formats=[Progressive(version=1)])
    tailrace.asgi.Stream(load_user())
    tailrace.asgi.Stream(GrowingText(words()))
    tailrace.asgi.Stream(
        Document([load_user()], concurrency=4, holes=100, depth=10, size=1000, problems="problems")
    )
    tailrace.fastapi.Stream[Page]({"user": load_user()})
    assert_type(await defer(size_of, "/", fallback=0), int)
    assert_type(await defer(load_user), User)


async def read(body: AsyncIterable[bytes]) -> None:
    format_: DocumentFormat = Progressive()
    reader = format_.reader()
    async for piece in body:
        for change in reader.feed(piece):
            assert_type(change.pointers, list[str])
    reader.finish()
    assert_type(reader.problems, dict[str, Problem])
    assert_type(reader.open, list[str])
    assert_type(reader["user"]["name"].pointer, str)
    whole: Any = await reader.at("/user")
    rows: list[Any] = [row async for row in reader["rows"]]
    assert_type((whole, rows), tuple[Any, list[Any]])
