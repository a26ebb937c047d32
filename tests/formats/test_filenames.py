"""Every name of a file: in Content-Disposition, as other programs read it, or refused."""

from __future__ import annotations

import email.message
from typing import Any
from urllib.parse import unquote

import pytest

from tailrace.asgi import Stream
from tests.formats.vector_runner import named, rows

ROWS = rows("filenames")


def disposition(filename: Any) -> str:
    """What a stream says."""
    return dict(Stream([1], filename=filename).raw_headers)[b"content-disposition"].decode()


@pytest.mark.parametrize("row", [row for row in ROWS if "header" in row], ids=named)
def test_the_header(row: dict[str, Any]) -> None:
    assert disposition(row["filename"]) == row["header"]


@pytest.mark.parametrize("row", [row for row in ROWS if "header" in row], ids=named)
def test_another_reader_gets_the_name(row: dict[str, Any]) -> None:
    """Python's own parsers: the name, and no other parameter."""
    simple, _, extended = disposition(row["filename"]).partition("; filename*=UTF-8''")
    message = email.message.Message()
    message["Content-Disposition"] = simple
    assert message.get_params(header="Content-Disposition", unquote=False)[0] == ("attachment", "")
    assert len(message.get_params(header="Content-Disposition")) == 2
    assert (unquote(extended) if extended else message.get_filename()) == row["filename"]


@pytest.mark.parametrize("row", [row for row in ROWS if "error" in row], ids=named)
def test_refusal(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="filename") as refused:
        Stream([1], filename=row["filename"])
    assert [text for text in row["error"]["says"] if text not in str(refused.value)] == []


def test_there_are_enough() -> None:
    assert len(ROWS) >= 40


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a str such as"):
        disposition(5)
    with pytest.raises(ValueError, match="got both"):
        Stream([1], headers={"content-disposition": "inline"}, filename="a.csv")
