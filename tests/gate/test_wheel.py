"""The built wheel, alone in an empty environment, streams."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.gate.commands import ROOT, UV, check

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ROOT / "tests" / "gate" / "programs"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution: what is missing there is missing."""
    folder = tmp_path_factory.mktemp("dist")
    # hatchling is there already, in the version of the lock.
    check(*UV, "build", "--quiet", "--no-build-isolation", "--python", UV[0], "--out-dir", folder, ROOT)
    wheels = list(folder.glob("*.whl"))
    assert len(wheels) == 1
    return wheels[0]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lock's versions: a release of somebody else's last night is not what this is about."""
    file = tmp_path_factory.mktemp("lock") / "constraints.txt"
    check(*UV, "export", "--quiet", "--frozen", "--no-hashes", "--no-emit-project", "--output-file", file)
    return file


def installed(wheel: Path, versions: Path, folder: Path, extra: str = "") -> Path:
    check(*UV, "venv", "--quiet", "--python", os.path.realpath(UV[0]), folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    requirement = f"tailrace{extra} @ {wheel.as_uri()}"
    check(*UV, "pip", "install", "--quiet", "--python", python, "--constraint", versions, requirement)
    return python


def test_the_wheel_holds_the_library_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
    packages = {name.split("/")[0] for name in names}
    assert packages == {"tailrace", built.name.split("-py3")[0] + ".dist-info"}
    source = ROOT / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "tailrace").rglob("*")
        if path.suffix in {".py", ".typed"}
    }
    assert {name for name in names if name.startswith("tailrace/")} == expected
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_streams_over_bare_asgi_with_two_dependencies(built: Path, versions: Path, tmp_path: Path) -> None:
    python = installed(built, versions, tmp_path / "environment")
    listed = check(*UV, "pip", "list", "--quiet", "--format", "freeze", "--python", python)
    direct = {"anyio", "msgspec", "tailrace"}
    of_anyio = {"idna", "sniffio", "typing-extensions", "typing_extensions"}
    names = {line.split("==")[0].split(" @ ")[0] for line in listed.splitlines()}
    assert direct <= names <= direct | of_anyio
    said = check(python, "-I", "-W", "error", PROGRAMS / "bare.py", cwd=tmp_path)
    assert (
        said
        == 'application/json\n[{"n":0},{"n":1},{"n":2}]\napplication/x-ndjson\n{"n":0}\n{"n":1}\n{"n":2}\n'
    )


def test_it_streams_from_fastapi(built: Path, versions: Path, tmp_path: Path) -> None:
    python = installed(built, versions, tmp_path / "environment", "[fastapi]")
    said = check(python, "-I", "-W", "error", PROGRAMS / "with_fastapi.py", cwd=tmp_path)
    assert said == 'application/x-ndjson\n{"n":0}\n{"n":1}\n{"n":2}\n'
