"""What a connection is asked for with: a URL that can be asked, a client of the right kind, and nothing shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tailrace.client import connect, sync
from tailrace.client._request import Ask
from tests.client.reading import SHELLS

if TYPE_CHECKING:
    from collections.abc import Callable


def make(shell: str, url: Any, **options: Any) -> Any:
    """A connection, in either shell."""
    connecting: Callable[..., Any] = connect if shell == "async" else sync.connect
    return connecting(url, **options)


def client(shell: str, **options: Any) -> Any:
    """A client for either."""
    return httpx2.AsyncClient(**options) if shell == "async" else httpx2.Client(**options)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:8000/x?token=secret", "expected http:// or https:// before 'localhost:8000/x'"),
        ("/events?token=secret", "'/events'.*base_url"),
        ("ftp://me:secret@host/x", "'ftp://host/x'"),
        ("http:///x", "'http:/x'"),
        ("me:secret@host/x", "before 'host/x'"),
        ("//host/x", "'//host/x'"),
        ("", "before ''"),
        ("http://host/\n", "non-printable"),
        ("http://[::1", "port"),
    ],
)
def test_a_url_that_nobody_can_ask_is_refused_at_once(shell: str, url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        make(shell, url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_path_needs_a_client_that_knows_the_rest(shell: str) -> None:
    make(shell, "/events", client=client(shell, base_url="http://host/"))
    with pytest.raises(ValueError, match="base_url"):
        make(shell, "/events", client=client(shell))
    with pytest.raises(ValueError, match="'ftp://host/'"):
        make(shell, "ftp://host/", client=client(shell, base_url="http://host/"))


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (httpx2.AsyncClient, httpx2.Client, "expected an httpx2.AsyncClient, got a Client"),
        (httpx2.Client, httpx2.AsyncClient, "expected an httpx2.Client, got an AsyncClient"),
        (httpx2.Client, dict, "expected an httpx2.Client, got a dict"),
    ],
)
def test_a_client_for_the_other_shell_is_refused_at_once(kind: Any, given: Any, says: str) -> None:
    Ask("http://host/", {"client": kind()}, client_type=kind)
    Ask("http://host/", {"client": None}, client_type=kind)
    with pytest.raises(TypeError, match=says):
        Ask("http://host/", {"client": given()}, client_type=kind)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:password@host:81/a/b?token=1#part", "https://host:81/a/b"),
        ("http://host", "http://host"),
        ("HTTP://host:80/?a", "http://host/"),
    ],
)
def test_what_is_shown_is_no_secret(url: str, shown: str) -> None:
    assert Ask(url, {}).shown == shown
