"""The requests of a reader: what they say, and where redirects may take it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict

import httpx2

from tailrace.client._inflate import accepted
from tailrace.errors import DecodeError

if TYPE_CHECKING:
    import ssl

    from tailrace.client._session import Session

Fields: TypeAlias = Mapping[str, str]
Values: TypeAlias = Mapping[str, Any]
AnyClient = httpx2.Client | httpx2.AsyncClient


class RequestOptions(TypedDict, total=False):
    """What a request says beside its URL, in httpx2's words."""

    method: str
    headers: Fields | Callable[[], Fields]
    params: Values | Callable[[], Values]
    content: str | bytes
    json: Any
    data: Mapping[str, Any]
    auth: Any
    client: httpx2.Client


class AsyncRequestOptions(TypedDict, total=False):
    """The same on an event loop."""

    method: str
    headers: Fields | Callable[[], Fields | Awaitable[Fields]]
    params: Values | Callable[[], Values | Awaitable[Values]]
    content: str | bytes
    json: Any
    data: Mapping[str, Any]
    auth: Any
    client: httpx2.AsyncClient


_BODIES: Final = ("content", "json", "data")
_OPTIONS: Final = frozenset({"method", "headers", "params", "auth", "client", *_BODIES})
OWN_TIMEOUT: Final = httpx2.Timeout(connect=10.0, read=None, write=30.0, pool=None)
"""Of a client that is not the caller's."""


@cache
def certificates() -> ssl.SSLContext:
    """Whom such a client trusts: to load the certificates takes 20 ms, which is once enough."""
    return httpx2.create_ssl_context()


MOST_REDIRECTS: Final = 20
_WEB: Final = frozenset({"http", "https"})
_ACROSS_ORIGINS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "content-length",
        "content-type",
        "cookie",  # of the client's own jar, which knows for whom each is
        "host",
        "last-event-id",
        "transfer-encoding",
        "user-agent",
    }
)
"""Header fields that another origin may see: any other may be a secret."""


class Ask:
    """One request, as often as it is sent.

    Raises `TypeError` for options that are none, and for a client that is not of `client_type`; `ValueError` for a URL
    that nobody can ask.
    """

    def __init__(
        self, url: str, options: Mapping[str, Any], *, client_type: type[AnyClient] | None = None
    ) -> None:
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise TypeError(
                f"connect: no option {', '.join(sorted(unknown))}; expected some of {', '.join(sorted(_OPTIONS))}"
            )
        self.url = url
        self.headers: Any = options.get("headers")
        self.params: Any = options.get("params")
        self.auth: Any = options.get("auth", httpx2.USE_CLIENT_DEFAULT)
        self.client: Any = options.get("client")
        if client_type is not None:
            _check_client(self.client, client_type)
        self.shown: str = _checked(url, self.client)
        """The URL without what may be a secret: who asks, and what for."""
        self._body = {name: options[name] for name in _BODIES if options.get(name) is not None}
        self.method: str = options.get("method", "POST" if self._body else "GET")
        content: Any = self._body.get("content", b"")
        if not isinstance(content, str | bytes):
            raise TypeError(
                f"content: expected str or bytes, which can be sent again, got {type(content).__qualname__}"
            )

    @property
    def renewable(self) -> bool:
        """Whether another request may have other credentials."""
        return callable(self.headers) or callable(self.params)

    def request(
        self, client: AnyClient, session: Session, headers: Fields | None, params: Values | None
    ) -> httpx2.Request:
        """The next request; raises `ValueError` for a last event id that no event can have."""
        fields = httpx2.Headers(
            {
                "Accept": session.asked.accept,
                "Accept-Encoding": accepted(),
                "Cache-Control": "no-store",
            }
        )
        fields.update(headers)
        cursor = field_of(session.last_event_id)
        if cursor:
            fields.pop("Last-Event-ID", None)
            fields = httpx2.Headers([*fields.raw, (b"Last-Event-ID", cursor)])
        within = client.timeout
        timeout = httpx2.Timeout(
            connect=within.connect, read=session.policy.idle, write=within.write, pool=within.pool
        )
        return client.build_request(
            self.method, self.url, headers=fields, params=params, timeout=timeout, **self._body
        )


def _check_client(client: Any, expected: type[AnyClient]) -> None:
    if client is not None and not isinstance(client, expected):
        kind = type(client).__qualname__
        article = "an" if kind[0] in "AEIOUaeiou" else "a"
        raise TypeError(f"client: expected an httpx2.{expected.__name__}, got {article} {kind}")


def _checked(url: str, client: AnyClient | None) -> str:
    """The scheme, host, port and path of a URL, once it is clear that it can be asked."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ValueError(f"url: {error}") from None
    shown = str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
    whole = client.base_url if client is not None and parsed.is_relative_url and not parsed.scheme else parsed
    if whole.scheme not in _WEB or not whole.host:
        bare = shown.rpartition("@")[2]  # without a scheme a password is taken for the path
        raise ValueError(f"url: expected http:// or https:// before {bare!r}, or a client with a base_url")
    return shown


def value_of(given: Any) -> Any:
    """What was given, or what it gives for this connection."""
    return given() if callable(given) else given


def check_cursor(last_event_id: Any) -> None:
    """Raise `ValueError` for what cannot be the id of an event."""
    if last_event_id is not None and not isinstance(last_event_id, str):
        raise ValueError(f"last_event_id={last_event_id!r}: expected the id of an event, or None")
    try:
        field_of(last_event_id)
    except DecodeError as error:
        raise ValueError(f"last_event_id: {error.reason}") from None


def field_of(last_event_id: str | None) -> bytes:
    """Last-Event-ID, in UTF-8 (WHATWG HTML 9.2.4).

    Raises `DecodeError` for an id that no field can hold (RFC 9110 5.5).
    """
    text = (last_event_id or "").strip(" \t")
    found = _CONTROL.search(text)
    if found:
        raise DecodeError(
            f"the last event id {text[:40]!r} cannot be sent back: it has {found[0]!r} at character {found.start()}"
        )
    return text.encode("utf-8", "replace")


_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def redirected(request: httpx2.Request, response: httpx2.Response) -> httpx2.Request | None:
    """Where a response sends the request to; another origin is not told what only the first is to know."""
    following = response.next_request
    if following is None or following.url.scheme not in _WEB:
        return None
    if following.url.origin != request.url.origin:
        for name in set(following.headers) - _ACROSS_ORIGINS:
            del following.headers[name]
    following.extensions = request.extensions
    return following


def silence(request: httpx2.Request, seconds: float | None) -> None:
    """How long the body of the response may be silent; httpx2 looks at it when it begins to read the body."""
    request.extensions["timeout"]["read"] = seconds
