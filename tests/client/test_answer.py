"""What the body of an error says, where it says anything."""

from __future__ import annotations

from typing import Any

import pytest

from tailrace.client._answer import object_in


@pytest.mark.parametrize(
    ("text", "members"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'[{"a":1}]', {}),
        (b"", {}),
        (b"<h1>No</h1>", {}),
        (b'{"a":"\xff"}', {}),
        (b'{"a":' * 100_000, {}),
        (b'{"a":%b}' % (b"[" * 64 + b"]" * 64), {}),
    ],
    ids=["an-object", "a-list", "nothing", "html", "not-utf-8", "cut", "deep"],
)
def test_an_object_or_none(text: bytes, members: dict[str, Any]) -> None:
    assert object_in(text) == members
