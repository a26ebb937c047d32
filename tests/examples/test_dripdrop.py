"""DripDrop's README: how its examples are installed, started and asked, and what its API is."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi import FastAPI

import tailrace.dripdrop
from examples import dripdrop
from tailrace import Progressive
from tests.examples.serving import serving
from tests.examples.test_commands import ROOT, started
from tests.gate.commands import UV, check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.programs import Program

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TIMEOUT = 20
V1 = "application/x-progressive-json"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(dripdrop.create_app(0.05)) as address:
        yield address


def recipe(target: str, **given: str) -> list[str]:
    """The command of a target in the Makefile, without make."""
    variables = {**dict(re.findall(r"^([\w.]+) \??= (.*)$", MAKEFILE, re.MULTILINE)), **given}
    found = re.search(rf"^{target}:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)
    assert found, f"the Makefile has no {target}"
    command = found[1]
    while variable := re.search(r"\$\(([\w.-]+)\)", command):
        command = command.replace(variable[0], variables[variable[1]])
    return shlex.split(command)


@pytest.mark.slow
@pytest.mark.seed("D1")
def test_the_requirements_are_enough(tmp_path: Path) -> None:
    python = tmp_path / "environment" / "bin" / "python"
    check(*UV, "venv", "--quiet", tmp_path / "environment")
    check(*UV, "pip", "install", "--quiet", "--python", python, "--requirement", ROOT / "requirements.txt")
    assert "/blog" in check(python, "-c", "import examples.dripdrop as it; print(it.create_app().openapi())")


@pytest.mark.seed("D2")
def test_the_makefile_starts_it() -> None:
    assert recipe("venv") == ["python3", "run.py", "setup"]
    assert re.search(r"^install: venv\b", MAKEFILE, re.MULTILINE)
    assert recipe("run", EXAMPLE="dripdrop")[-4:] == ["-m", "examples.dripdrop", "--port", "8000"]


@pytest.mark.seed("D2")
@pytest.mark.parametrize(
    ("target", "part"), [("simple", "user"), ("nested", "profile"), ("post", "async_data")]
)
def test_the_makefile_asks_it(url: str, target: str, part: str, curl: Program) -> None:
    command = recipe(f"request-{target}", EXAMPLE="dripdrop", URL=url)
    assert command[0] == "curl"
    assert f"Accept: {V1}" in command
    said = subprocess.run(
        [curl.path, *command[1:]], env=curl.environment, capture_output=True, check=True, timeout=TIMEOUT
    )
    head, _, body = said.stdout.partition(b"\r\n\r\n")
    assert f"content-type: {V1}\r\n".encode() in head
    reader = Progressive(version=1).decoder()
    reader.feed(body)
    reader.finish()
    assert part in reader.value


@pytest.mark.slow
@pytest.mark.seed("D2")
def test_the_example_starts_and_keeps_its_time() -> None:
    with (
        started("dripdrop") as address,
        httpx2.stream("GET", address, headers={"accept": V1}, timeout=TIMEOUT) as response,
    ):
        began, pieces = time.monotonic(), response.iter_raw()
        assert b'"is_initial": true' in next(pieces)
        at_once = time.monotonic() - began
        assert b'"is_final": true' in b"".join(pieces)
    assert at_once + 1 < time.monotonic() - began < TIMEOUT


@pytest.mark.seed("D3")
def test_the_name() -> None:
    assert tailrace.dripdrop.__all__ == ["DripDrop"]


@pytest.mark.seed("D4")
def test_it_is_a_fastapi(url: str) -> None:
    app = dripdrop.create_app()
    assert isinstance(app, FastAPI)
    assert isinstance(app, tailrace.dripdrop.DripDrop)
    assert "/dashboard" in httpx2.get(f"{url}/openapi.json").json()["paths"]
    assert httpx2.get(f"{url}/elsewhere").json() == {"detail": "Not Found"}


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        pytest.param("/dashboard", "GET", 200, marks=pytest.mark.seed("D5")),
        pytest.param("/dashboard", "POST", 405, marks=pytest.mark.seed("D5")),
        pytest.param("/api/data", "GET", 200, marks=pytest.mark.seed("D6")),
        pytest.param("/api/data", "POST", 200, marks=pytest.mark.seed("D6")),
        pytest.param("/api/data", "PUT", 405, marks=pytest.mark.seed("D6")),
        pytest.param("/profile/ada", "GET", 200, marks=pytest.mark.seed("D7")),
        pytest.param("/profile/ada", "POST", 405, marks=pytest.mark.seed("D7")),
    ],
)
def test_the_methods_of_a_route(url: str, path: str, method: str, status: int) -> None:
    headers = {"accept": V1, "content-type": "application/json"}
    answer = httpx2.request(method, url + path, headers=headers, content=b"[1]", timeout=TIMEOUT)
    assert answer.status_code == status
    assert (b'"wanted":[1]' in answer.content) == ((path, method) == ("/api/data", "POST"))


@pytest.mark.seed("D8")
def test_a_parameter_of_the_path_reaches_the_handler(url: str) -> None:
    document = httpx2.get(f"{url}/profile/grace", timeout=TIMEOUT).json()
    assert document["profile"]["basic_info"] == {"id": "grace", "name": "Grace"}


@pytest.mark.seed("D9")
@pytest.mark.parametrize(("path", "count"), [("/dashboard", 4), ("/api/value", 2)], ids=["with", "without"])
def test_a_handler_may_take_the_request_and_need_not(url: str, path: str, count: int) -> None:
    answer = httpx2.get(url + path, headers={"accept": V1}, timeout=TIMEOUT)
    assert answer.content.count(b"\n") == count
