"""PROTOCOL.md: whatever it demands names the vectors that prove it, and they are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.formats.vector_runner import VECTORS, named, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = re.compile(r"\[((?:v2|v1|sse|json)-[\w-]+)\]")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"\n\s*\n|\n(?=[ ]*[-*|#] ?)")
SENTENCE = re.compile(r"(?<=[.!?])(?=\s+[^a-z\s])")


def unproven(text: str, names: set[str]) -> Iterator[str]:
    """Say which sentences demand something without a vector, and which vectors are not there."""
    for block in BLOCK.split(FENCED.sub("", text)):
        for sentence in SENTENCE.split(block):
            shown = " ".join(sentence.split())[:80]
            references = REFERENCE.findall(sentence)
            if "MUST" in sentence and "RFC 2119" not in sentence and not references:
                yield f"names no vector: {shown}"
            yield from (f"there is no {name}: {shown}" for name in references if name not in names)


def test_every_demand_is_proven() -> None:
    text = (VECTORS.parent / "PROTOCOL.md").read_text(encoding="utf-8")
    assert text.count("MUST") > 50
    found = list(unproven(text, {named(row) for row in rows("progressive")}))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A reader MUST read [v2-a].", []),
        ("A reader MUST read\n[v2-a] [sse-b]. It MAY write.", []),
        ("A reader MUST read.", ["names no vector: A reader MUST read."]),
        ("It MUST NOT. Another\nMUST [v2-a].", ["names no vector: It MUST NOT."]),
        ("- one MUST [v2-a]\n- two MUST\n- three MUST [v2-a]", ["names no vector: - two MUST"]),
        ("It MUST [v2-a]. This MUST too.\n\nSee [sse-b].", ["names no vector: This MUST too."]),
        ("It MUST [v2-x].", ["there is no v2-x: It MUST [v2-x]."]),
        ("As [json-y] shows.", ["there is no json-y: As [json-y] shows."]),
        ("```\nA MUST of an example.\n```\nA [link](x.md).", []),
    ],
)
def test_what_is_not_proven_is_seen(text: str, expected: list[str]) -> None:
    assert list(unproven(text, {"v2-a", "sse-b"})) == expected
