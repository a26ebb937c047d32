"""The fragments in changelog.d/ become a changelog."""

from __future__ import annotations

import re
import sys

from tests.gate.commands import ROOT, check

FRAGMENTS = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]


def test_a_release_could_be_drafted() -> None:
    text = check(
        sys.executable, "-m", "towncrier", "build", "--draft", "--version", "99.0", "--date", "2099-01-01"
    )
    assert "## 99.0 (2099-01-01)" in text
    for fragment in FRAGMENTS:
        first = fragment.read_text(encoding="utf-8").split("\n")[0]
        assert first[:60] in text, f"{fragment.name} is not in the draft"


def test_every_fragment_has_a_kind_that_there_is() -> None:
    wrong = [
        path.name
        for path in FRAGMENTS
        if not re.fullmatch(r"(\d+|\+[\w-]+)(\.\d+)?\.(added|changed|fixed|removed)(\.\d+)?\.md", path.name)
    ]
    assert wrong == []


def test_the_changelog_has_the_place_where_releases_go() -> None:
    assert "<!-- towncrier release notes start -->\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
