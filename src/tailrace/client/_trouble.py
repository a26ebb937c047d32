"""What went wrong: whether it may pass, what it is in words, and how much of an error's body is looked at."""

from __future__ import annotations

import ssl
import time
from typing import Final

import httpx2

from tailrace.client._request import silence


def may_pass(error: Exception) -> bool:
    """Whether another attempt may do better: a network's trouble, not a certificate's, nor the caller's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return False
        cause = cause.__cause__ or cause.__context__
    return isinstance(
        error, httpx2.TimeoutException | httpx2.NetworkError | httpx2.RemoteProtocolError | httpx2.ProxyError
    )


def was_sent(error: Exception) -> bool:
    """Whether the server may have the request."""
    return not isinstance(
        error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError
    )


def shown(error: Exception, request: httpx2.Request) -> str:
    """A network's trouble in words."""
    if isinstance(error, httpx2.ReadTimeout):
        return f"silent for {request.extensions['timeout']['read']:g} s"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class Beginning:
    """The beginning of an error's body: not more than it takes to know what is wrong, and not for long."""

    def __init__(self, response: httpx2.Response) -> None:
        silence(response.request, _PROBLEM_WITHIN)
        self._parts: list[bytes] = []
        self._size = 0
        self._until = time.monotonic() + _PROBLEM_WITHIN

    def wants(self, part: bytes) -> bool:
        """Take a part; whether more is wanted."""
        self._parts.append(part)
        self._size += len(part)
        return self._size < _LONGEST_PROBLEM and time.monotonic() < self._until

    @property
    def bytes(self) -> bytes:
        """What has come."""
        return b"".join(self._parts)[:_LONGEST_PROBLEM]


_PROBLEM_WITHIN: Final = 10.0
"""Seconds for the body of an error."""
_LONGEST_PROBLEM: Final = 64 * 1024
