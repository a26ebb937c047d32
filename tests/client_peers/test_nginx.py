"""Readers of tailrace behind a real nginx, which cuts what is silent for two seconds, and compresses what passes."""

from __future__ import annotations

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from tailrace import NDJSON
from tailrace.errors import Truncated
from tests.client_peers.reading import SHELLS, read
from tests.client_peers.resuming import COUNT, FEW, app
from tests.examples.serving import serving
from tests.servers.proxies import OVER_1_1, PROXIES, proxies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.programs import Program

COMPRESSES = "gzip"
GZIP = f"{OVER_1_1} gzip on; gzip_proxied any; gzip_min_length 1; gzip_types *;"
CUTS = {
    "HTTP/1.0": "proxy_http_version 1.0; proxy_read_timeout 2s;",
    "HTTP/1.1": f"{OVER_1_1} proxy_read_timeout 2s;",
}
"""How each speaks to the server behind it; what it does with a reader is the same."""


@pytest.fixture(scope="module")
def ways(nginxes: list[Program], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The server's address through each nginx in each way."""
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(serving(app))
        port = int(upstream.rpartition(":")[2])
        folder = tmp_path_factory.mktemp("nginx")
        stack.enter_context(mock.patch.dict(PROXIES, CUTS | {COMPRESSES: GZIP}, clear=True))
        yield {
            f"{nginx.name}, {way}": f"http://127.0.0.1:{through}"
            for nginx in nginxes
            for way, through in stack.enter_context(proxies(nginx, port, folder)).items()
        }


def test_what_is_cut_goes_on_where_it_can(ways: dict[str, str]) -> None:
    """Each event comes once: the reader says behind which it comes back. Lines are known to be cut. In both shells and
    all ways at a time, for they do little but wait.
    """
    cases = [case for case in itertools.product(ways, SHELLS) if COMPRESSES not in case[0]]
    with ThreadPoolExecutor(2 * len(cases)) as pool:
        events, lines = (
            [pool.submit(read, shell, f"{ways[way]}/halting", format=form) for way, shell in cases]
            for form in (None, NDJSON())
        )
    for case, reading in zip(cases, events, strict=True):
        seen = reading.result()
        assert seen.items == [{"n": number} for number in range(FEW)], case
        assert (seen.error, seen.complete) == (None, True), case
        assert len(seen.lost) == FEW / 2 - 1, case
    for case, reading in zip(cases, lines, strict=True):
        seen = reading.result()
        assert seen.items == [{"n": 0}, {"n": 1}], case
        assert isinstance(seen.error, Truncated), case
        assert not seen.lost, case


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_compressed_on_the_way(ways: dict[str, str], shell: str) -> None:
    for url in [url for way, url in ways.items() if COMPRESSES in way]:
        seen = read(shell, f"{url}/lines")
        assert seen.headers["content-encoding"] == "gzip"
        assert seen.items == [{"n": number} for number in range(COUNT - FEW, COUNT)]
        assert (seen.error, seen.complete) == (None, True)
