"""What the property tests are made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# A lone surrogate is no text: it cannot be written as UTF-8.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
line = text.map(lambda value: value.translate(dict.fromkeys(map(ord, "\r\n\0"), "_")))
number = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalar = st.none() | st.booleans() | number | text
value: st.SearchStrategy[Any] = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
values = st.lists(value, max_size=6)


def garbage(*tokens: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that look a little like a body: the format's own tokens, and any bytes between them."""
    return st.lists(st.sampled_from(tokens) | st.binary(max_size=3), max_size=30).map(b"".join)


event_stream_garbage = garbage(
    *(b"data", b"data:", b"data: ", b"event: x", b"id: 1", b"id", b"retry: 5", b"retry:", b": c", b":"),
    *(
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\xe2\x82",
        b"\0",
        b" ",
    ),
    *(
        b"data: a\n\n",
        b"event: x\nid: 2\ndata: b\n\n",
        b"data: c\ndata: \ndata: d\n\n",
        b"data:e\nid: 3\nid:4\nevent: y\nretry:006\n\n",
        b"retry: 123456789012345\ndata: f\n\n",
        b": c\n\n",
    ),
)
csv_garbage = garbage(
    b'"', b'"', b",", b"\r\n", b"\n", b"\r", b"a", b'"b"', b'""', b'"a,\n"', b"\xef\xbb\xbf", b"\xff"
)
json_garbage = garbage(
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b'"',
        b'"a"',
        b'{"a":1}',
        b"[1]",
        b"\\",
        b'\\"',
        b"1",
        b"-2.5e3",
        b"true",
        b"null",
    ),
    *(
        b" ",
        b"\n",
        b"\n",
        b"\r\n",
        b'{"problem":{"title":"T"}',
        b'{"end":{"count":1}}\n',
        b"\xe2\x80\xa8",
        b"\xff",
        b"nul",
    ),
)


def cuts(body: bytes) -> st.SearchStrategy[list[int]]:
    """Places to cut a body at."""
    return st.lists(st.integers(0, len(body)), max_size=6).map(sorted)
