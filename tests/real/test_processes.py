"""Whatever a run has started ends with it, also when the run is killed; what it lacks is a failure."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.examples.serving import until
from tests.real import processes
from tools import debian

ROOT = Path(__file__).parents[2]
# A server that takes no notice of SIGTERM, with a worker of its own.
RUN = """
import signal, sys, time
from tests.real import processes
stubborn = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);" \\
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(flush=True); time.sleep(60)"
import subprocess
child = processes.spawn([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
child.stdout.readline()
with processes.folder("left-") as place:
    print(child.pid, place, flush=True)
    time.sleep(60)
"""
NEEDS = """
def test_it(nginx): assert nginx.version
def test_them(nginxes): assert nginxes
"""


def group_lives(group: int) -> bool:
    """What has ended and is not yet asked for by its parent lives no more."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def test_a_run_that_is_killed_leaves_nothing() -> None:
    words = [sys.executable, "-c", RUN]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        group, place = run.stdout.readline().split()
        assert group_lives(int(group))
        assert Path(place).exists()
        run.kill()
    until(lambda: not group_lives(int(group)), "the servers of a run that was killed live on")
    until(lambda: not Path(place).exists(), "the folders of a run that was killed are left")


def test_a_group_ends_as_a_whole() -> None:
    script = (
        "import subprocess; subprocess.Popen(['sleep', '60']); print(flush=True); import time; time.sleep(60)"
    )
    with processes.running([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert group_lives(process.pid)
    until(lambda: not group_lives(process.pid), "a worker outlives its server")


@pytest.fixture
def needs(tmp_path: Path) -> Path:
    (tmp_path / "test_needs.py").write_text(NEEDS)
    return tmp_path


def run_pytest(folder: Path, *options: str, **variables: str) -> tuple[int, str]:
    words = [sys.executable, "-m", "pytest", "-p", "tests.real.plugin", "-q", *options, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_server_that_cannot_be_had_is_a_failure(needs: Path) -> None:
    code, said = run_pytest(needs, NGINX="/nowhere/nginx")
    assert code == 1
    assert "there is no nginx: NGINX=/nowhere/nginx is no program" in said
    assert "run.py test --without nginx" in said


def test_a_server_may_be_left_out(needs: Path) -> None:
    code, said = run_pytest(needs, "--without=nginx", NGINX="/nowhere/nginx")
    assert (code, "2 skipped" in said) == (0, True), said
    assert "nginx: left out by --without" in said


def test_no_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian.unpacked("nginx", tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_an_unpacked_package_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    root = tmp_path / "debian/nginx"
    root.mkdir(parents=True)
    assert debian.unpacked("nginx", tmp_path) == root
