"""What Django is given: a response whose body is a stream under way."""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias

from asgiref.sync import async_to_sync, sync_to_async
from django.core import mail
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError

from tailrace._ferry import in_a_loop, run
from tailrace._finish import kept
from tailrace._headers import as_text
from tailrace._problem import problem_of
from tailrace._pulled import Pulled
from tailrace._servers import is_daphne
from tailrace._streamed import whole_problem
from tailrace.django._bodies import Body, Carried, Collected, Polled, Within, in_this_thread
from tailrace.django._connections import in_transaction, release
from tailrace.errors import Abort

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from tailrace._headers import RawHeaders
    from tailrace._streamed import Plan, Streamed, Whole

_Errors: TypeAlias = tuple[type[Exception], ...]


class StreamResponse(StreamingHttpResponse):
    """A response whose body is written while its items come.

    Under ASGI it is iterated over in the server's loop, under WSGI in the server's thread; both read one body.
    `render` is what Django's handler calls behind the view, as it does for a `TemplateResponse`: it waits for the
    first item, and returns what is answered in the place of the stream where there is none.
    """

    is_rendered = False
    answers: ClassVar[_Errors] = (
        Http404,
        PermissionDenied,
        BadRequest,
        SuspiciousOperation,
        MultiPartParserError,
    )
    """What `answered` makes a response of, where the source raises it before its first item."""

    def __init__(
        self, streamed: Streamed[Any], plan: Plan, request: HttpRequest | None = None, **options: Any
    ) -> None:
        self._streamed = streamed
        self._plan = plan
        self._request = request
        self._body: Body | None = None
        self._scope: Any = getattr(request, "scope", None)
        self._within = Within(self.answers, getattr(request, "environ", {}))
        self._callbacks: list[Callable[[Any], Any]] = []
        super().__init__((), **options)
        self._wrapped = False
        self.is_async = request is None or self._scope is not None
        self.context_data: dict[str, Any] = {}
        """For middleware that adds to every response that has `render`: there is no template here."""
        self.template_name = None
        # A body that is encoded already is left alone by GZipMiddleware, which would make each run a gzip member
        # of its own, of which browsers read the first. `items` leaves it off the wire.
        self.headers.setdefault("Content-Encoding", "identity")
        self._own = {*vars(self), "_own", "is_rendered"}

    def items(self) -> Any:
        """The header fields that go out."""
        fields = self.headers.items()
        return [(name, value) for name, value in fields if (name.lower(), value) != _IDENTITY]

    # What Django and its middleware know of the body.

    @property
    def streaming_content(self) -> Any:
        """The body, or what a middleware has made of it."""
        if self._wrapped:
            return _CONTENT.fget(self)
        return self._async_body() if self.is_async else self._sync_body()

    @streaming_content.setter
    def streaming_content(self, value: Any) -> None:
        self._wrapped = True
        _CONTENT.fset(self, value)

    def __iter__(self) -> Iterator[bytes]:
        return super().__iter__() if self._wrapped else iter(self._sync_body())

    def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._wrapped:
            return self._async_body()
        return self._parts() if self.is_async else super().__aiter__()

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        # Not Django's own, which takes a TypeError of the source for a sync iterator's, and does not close the body.
        content: Any = self.streaming_content
        try:
            async for part in content:
                yield part
        finally:
            await content.aclose()
            if isinstance(self._body, Pulled):
                await self._body.aclose()

    def _async_body(self) -> Pulled:
        if self._body is None:
            self._body = self._pulled()
        if not isinstance(self._body, Pulled):
            raise RuntimeError("this response is iterated over by WSGI already")  # noqa: TRY004 - it is no type
        return self._body

    def _pulled(self) -> Pulled:
        aborts = not is_daphne(self._scope)  # which would never end it
        return Polled(self._streamed, self._plan, self._within, aborts=aborts)

    def _sync_body(self) -> Carried | Collected:
        if self._body is None:
            if _in_a_test(self._request) and in_transaction():  # nobody else sees what is in it
                self._body = Collected(in_this_thread(self._streamed), self._plan, self._within)
            else:
                self._body = Carried(self._streamed, self._plan, self._within)
        if isinstance(self._body, Pulled):
            raise RuntimeError("this response is iterated over by ASGI already")  # noqa: TRY004 - it is no type
        return self._body

    def close(self) -> None:
        """Stop the source, if the server has left the body half read, and do what Django does at a request's end."""
        try:
            self._close_body()
        finally:
            super().close()

    def _close_body(self) -> None:
        if self._body is not None and not (isinstance(self._body, Pulled) and self._body.untouched):
            self._body.close()
        elif not self.is_async:
            run(self._drop)
        elif in_a_loop():
            kept(asyncio.get_running_loop().create_task(self._drop()))
        else:
            async_to_sync(self._drop)()

    async def _drop(self) -> None:
        """Close what was never started."""
        await self._pulled().aclose()

    # Before the first byte. No response holds a method of its own: one that is dropped is gone at once, and so closed.

    @property
    def render(self) -> Callable[[], Any]:
        """What Django calls behind the view; absent without a request: such a response is as it is."""
        if self._request is None:
            raise AttributeError("this response has no request, and nothing to wait for")
        return self._render_async if self.is_async else self._render_sync

    def add_post_render_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call it with the response once that is decided, as for a `TemplateResponse`."""
        if self.is_rendered:
            callback(self)
        else:
            self._callbacks.append(callback)

    def answered(self, error: Exception) -> HttpResponseBase | None:
        """The response to an error of `answers`: raising it leaves it to Django, None makes a problem of it.

        Under ASGI it is called in the request's thread, unless it is a coroutine function.
        """
        raise error

    def _render_sync(self) -> HttpResponseBase:
        if self.is_rendered:
            return self
        body = self._sync_body()
        release(persistent=False)
        try:
            instead = body.begin()
        except Exception as error:  # noqa: BLE001 - it is raised again, or answered
            return self._rendered(self.answered(error) or self._failed(error))
        if instead is None:
            return self._rendered(self._decided(body.length()))
        body.close()
        return self._rendered(self._replaced(instead))

    async def _render_async(self) -> HttpResponseBase:
        if self.is_rendered:
            return self
        await self._made_ready()
        body = self._async_body()
        try:
            instead = await body.begin()
        except Exception as error:  # noqa: BLE001 - it is raised again, or answered
            answered: Any = self.answered
            answer = answered if iscoroutinefunction(answered) else sync_to_async(answered)
            response: HttpResponseBase = await answer(error) or self._failed(error)
        else:
            if instead is None:
                response = self._decided(body.length())
            else:
                await body.aclose()
                # In a thread, as Django answers errors: whoever is told of them may be sync.
                response = await sync_to_async(self._replaced, thread_sensitive=False)(instead)
        return await sync_to_async(self._rendered)(response) if self._callbacks else self._rendered(response)

    async def _made_ready(self) -> None:
        if _in_a_test(self._request) and await sync_to_async(in_transaction)():
            self._streamed = in_this_thread(self._streamed)
        else:
            await self._within.give_back()

    def _decided(self, length: RawHeaders) -> Self:
        self.is_rendered = True
        for name, value in as_text(length):
            self.headers[name] = value
        return self

    def _failed(self, error: Exception) -> HttpResponseBase:
        return self._replaced(whole_problem(problem_of(error, "a stream, before its first item,")))

    def _replaced(self, whole: Whole) -> HttpResponseBase:
        """What is answered in place of the stream, with what others have added to it."""
        self.is_rendered = True
        if self._plan.reason == "head":  # this one, whose body is closed: what it says is what GET would
            return self
        if self._within.error is not None and not isinstance(self._within.error, Abort):
            self._report(self._within.error)
        response = HttpResponse(whole.body, status=whole.status)
        own = dict(as_text(self._plan.headers)).keys() - {"Vary"} | {"Content-Encoding"}
        added = {name: value for name, value in self.headers.items() if name.title() not in own}
        fields = dict(as_text(whole.headers))
        del response.headers["Content-Type"]
        for name, value in (fields | added).items():
            response.headers[name] = value
        response.cookies = self.cookies
        for name in vars(self).keys() - self._own:  # such as what decorators tell middleware
            setattr(response, name, vars(self)[name])
        return response

    def _report(self, error: BaseException) -> None:
        """Tell whoever watches for errors, such as Django's test client: they look at what is being handled."""
        try:
            raise error  # noqa: TRY301 - so that it is
        except BaseException:  # noqa: BLE001 - it was answered
            got_request_exception.send_robust(sender=type(self), request=self._request)

    def _rendered(self, response: HttpResponseBase) -> HttpResponseBase:
        for callback in self._callbacks:
            response = callback(response) or response
        return response


def _in_a_test(request: Any) -> bool:
    """Whether Django's test client has asked, or Django's test runner, or pytest's for it, is what runs."""
    return hasattr(request, "_dont_enforce_csrf_checks") or hasattr(mail, "outbox")


_CONTENT: Final[Any] = vars(StreamingHttpResponse)["streaming_content"]
_IDENTITY: Final = ("content-encoding", "identity")
