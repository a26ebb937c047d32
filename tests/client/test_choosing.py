"""What a body is read as, by its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tailrace import JSON, NDJSON, Document, EventStream, Limits, Text
from tailrace.client._body import Body, Whole
from tailrace.client._choose import Asked, choose

if TYPE_CHECKING:
    from tailrace.formats import Decoder, DocumentReader


def body_of(content_type: str, *, asked: Asked | None = None, **fields: str) -> Body:
    headers = {"content-type": content_type, **fields}
    body = choose(asked or Asked(), headers)(b"[")
    assert body is not None
    return body


def items_of(content_type: str, *pieces: bytes, asked: Asked | None = None) -> list[Any]:
    body = body_of(content_type, asked=asked)
    got = [item for piece in pieces for item, _ in body.feed(piece)] + [item for item, _ in body.finish()]
    assert body.error is None, body.error
    return got


@pytest.mark.parametrize("subtype", ["json-seq", "geo+json-seq", "vnd.own+json-seq"])
def test_sequences_have_a_suffix_of_their_own(subtype: str) -> None:
    """RFC 8091."""
    assert items_of(f"application/{subtype}", b"\x1e1\n\x1e2\n") == [1, 2]


@pytest.mark.parametrize(
    ("field", "certain"),
    [
        ("?1", True),
        (" ?1 ", True),
        ("?1;a", True),
        ('?1; a=1;b="x;\\"";c=?0; *d-e.f=tok/en:*;g=:AA==:;h=-1.5', True),
        ("?0", False),
        ("?0;a=?1", False),
        ("", False),
        ("1", False),
        ("true", False),
        ("?1, ?1", False),
        ("?1 ;a", False),
        ("?1;", False),
        ("?1;A", False),
        ("?1;a=", False),
        ('?1;a="x', False),
        ("?10", False),
    ],
)
def test_incremental_is_a_boolean(field: str, certain: bool) -> None:  # noqa: FBT001 - a row of a table
    """RFC 9651, section 3.3.6, with parameters or without."""
    assert body_of("text/event-stream", incremental=field).certain == certain


def test_without_the_field_a_stream_may_end_as_it_likes() -> None:
    assert not body_of("text/event-stream").certain


@pytest.mark.parametrize(
    ("charset", "pieces", "text"),
    [
        ("iso-8859-1", [b"caf\xe9"], "café"),
        ('"Windows-1251"', [b"\xcf\xf0"], "Пр"),
        ("utf-16", [b"\xff", b"\xfeh", b"\0\x3d\xd8", b"\0\xde"], "h\U0001f600"),
        ("utf-16le", [b"h\0\0"], "h\ufffd"),
        ("shift_jis", [b"\x82", b"\xa0"], "あ"),
        ("utf-8", ["é".encode()], "é"),
        ("us-ascii", ["é".encode()], "é"),
        ("x-none", ["é".encode()], "é"),
        ("hex", [b"6869"], "6869"),
        ("zlib", [b"x\x9c"], "x\ufffd"),
        ("idna", [b"xn--a"], "xn--a"),
        ("unicode_escape", [b"\\x41"], "\\x41"),
        ("raw_unicode_escape", [b"\\u0041"], "\\u0041"),
    ],
)
def test_text_has_its_charset(charset: str, pieces: list[bytes], text: str) -> None:
    """Where it is known, and is one."""
    assert "".join(items_of(f"text/plain; charset={charset}", *pieces)) == text


def test_a_table_has_its_charset_too() -> None:
    rows = items_of("text/csv; charset=windows-1252", b"a;b,c\r\n", b"1\x80,x\r\n")
    assert rows == [{"a;b": "1€", "c": "x"}]
    assert items_of("text/tab-separated-values;charset=utf-16be", "a\tb\n1\t2\n".encode("utf-16be")) == [
        {"a": "1", "b": "2"}
    ]


def test_a_charset_counts_where_the_format_was_given() -> None:
    assert items_of("text/html; charset=latin1", b"\xe9", asked=Asked(format=Text())) == ["é"]


def test_json_and_events_are_utf_8_whatever_is_said() -> None:
    """RFC 8259, section 8.1, and WHATWG HTML, section 9.2.5."""
    quoted = '"é"'.encode()
    assert items_of("text/plain;charset=latin1", quoted + b"\n", asked=Asked(format=NDJSON())) == ["é"]
    assert items_of("text/event-stream;charset=latin1", b"data: " + quoted + b"\n\n") == ["é"]


# Formats of the user's own.


class Shout:
    """Text in capitals, a piece at a time."""

    media_types: ClassVar[tuple[str, ...]] = ("text/x-shout",)

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc] # any word, also one of ours

    def encoder(self, encoder: Any = None, /) -> Any:
        raise NotImplementedError

    def decoder(self, limits: Limits = Limits(), /) -> Decoder[Any]:
        del limits
        return self

    def feed(self, data: bytes, /) -> list[Any]:
        return [data.decode().upper()] if data else []

    def finish(self) -> list[Any]:
        return []


@pytest.mark.parametrize("name", ["json", "csv", "ndjson", "json-seq", "text", "bytes", "sse", "progressive"])
def test_a_name_of_ours_is_no_format_of_ours(name: str) -> None:
    form: Any = Shout(name)
    assert items_of("text/plain", b"[hi", asked=Asked(format=form)) == ["[HI"]


class Letters(Shout):
    """A document of the user's own."""

    def document(self, encoder: Any = None, /) -> Any:
        raise NotImplementedError

    def reader(self, limits: Limits = Limits(), /) -> DocumentReader:
        return JSON().reader(limits)


@pytest.mark.parametrize("name", ["letters", "json"])
def test_a_document_of_ones_own(name: str) -> None:
    form: Any = Letters(name)
    body = body_of("text/plain", asked=Asked(Document, format=form))
    assert isinstance(body, Whole)
    assert not body.keeps_alive  # nobody knows


class Renamed(NDJSON):
    """One of ours, under another name."""

    name: ClassVar[str] = "renamed"


def test_what_is_made_of_ours_is_read_as_ours() -> None:
    assert items_of("text/plain", b'"1"\n', asked=Asked(str, format=Renamed())) == ["1"]
    assert body_of("text/plain", asked=Asked(format=EventStream(retry=5))).keeps_alive
