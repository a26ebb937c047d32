"""Programs that know nothing of tailrace read a good stream, and refuse a failed one as a file on disk."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.examples.serving import serving
from tests.readers.app import COUNT, create_app
from tests.readers.programs import READERS, REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HALF = COUNT // 2
ENDINGS = {"application/x-ndjson": "ndjson", "application/json": "json", "text/csv": "csv"}

CASES = pytest.mark.parametrize(
    ("media_type", "reader"),
    [(media_type, reader) for media_type, readers in READERS.items() for reader in readers],
)


@dataclass(frozen=True)
class Site:
    """A server, and a folder for what is fetched from it."""

    port: int
    folder: Path

    def download(self, target: str, media_type: str) -> tuple[Path, bool]:
        """What arrived, in a file, and whether the transfer was complete."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", target, headers={"Accept": media_type})
            response = connection.getresponse()
            assert response.status == 200
            assert response.headers["content-type"].partition(";")[0] == media_type
            try:
                body, complete = response.read(), True
            except http.client.IncompleteRead as error:
                body, complete = error.partial, False
        path = self.folder / f"rows.{ENDINGS[media_type]}"
        path.write_bytes(body)
        return path, complete


@pytest.fixture(scope="module", params=[False, True], ids=["bare", "middleware"])
def middleware(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def port(*, middleware: bool) -> Iterator[int]:
    with serving(create_app(middleware=middleware)) as url:
        yield urlsplit(url).port or 0


@pytest.fixture
def site(port: int, tmp_path: Path) -> Site:
    return Site(port, tmp_path)


@CASES
def test_a_good_stream_is_read(site: Site, media_type: str, reader: str) -> None:
    path, complete = site.download("/ours", media_type)
    assert complete
    assert READERS[media_type][reader](path) == list(range(COUNT))


@CASES
@pytest.mark.parametrize(
    "target",
    [f"/ours?fails_after={HALF}", "/ours?fails_after=0"],
    ids=["half way", "before the first row"],
)
def test_a_failed_stream_is_refused(
    site: Site, media_type: str, reader: str, target: str, *, middleware: bool
) -> None:
    path, complete = site.download(target, media_type)
    assert complete == middleware  # behind which nobody but the reader of the file can notice
    with pytest.raises(REFUSALS[reader]) as caught:
        READERS[media_type][reader](path)
    if isinstance(caught.value, subprocess.CalledProcessError):
        assert caught.value.returncode > 0


@pytest.mark.parametrize("media_type", READERS)
def test_a_failed_stream_has_every_row_from_before_the_failure(site: Site, media_type: str) -> None:
    path, _ = site.download(f"/ours?fails_after={HALF}", media_type)
    assert path.read_bytes().count("Zoë".encode()) == HALF


@CASES
def test_what_is_written_by_hand_is_taken_for_whole(
    site: Site, media_type: str, reader: str, *, middleware: bool
) -> None:
    """The control: a failed body without a sign of it, complete lines or a `]` behind half of the rows."""
    path, complete = site.download(f"/by-hand?fails_after={HALF}", media_type)
    assert complete == middleware
    assert READERS[media_type][reader](path) == list(range(HALF))
