"""What the doctor makes of times of arrival, plain and compressed: a table."""

from __future__ import annotations

import pytest

from tailrace.cli.doctor.seen import Content, Piece, Stamp
from tests.cli.doctor_cases import (
    GZIP,
    NGINX,
    Row,
    apart,
    at_once,
    case,
    check,
    content,
    seen,
    stamps,
)

TABLE: dict[str, Row] = {
    "healthy": (
        case(seen()),
        {"streams": "ok", "ends": "ok", "silence": "ok", "accel": "ok", "uncached": "ok"},
        set(),
    ),
    "nginx holds all of it, by the records' own times": (
        case(seen(at_once(1.0), NGINX, head_at=1.0, about=content(stamps=stamps(1.0)))),
        {"proxy-buffers": "error"},
        {"streams", "held-back", "no-accel"},
    ),
    "the same without times": (
        case(seen(at_once(1.0), NGINX, head_at=1.0)),
        {"proxy-buffers": "error"},
        {"streams", "held-back", "no-accel"},
    ),
    "nginx, but the head came at once: perhaps the source was slow": (
        case(seen(at_once(1.0), NGINX, head_at=0.01)),
        {"held-back": "warning"},
        {"proxy-buffers", "streams"},
    ),
    "it came at once and was made apart, and nobody has a name": (
        case(seen(at_once(0.1), about=content(stamps=stamps(0.1)))),
        {"held-back": "error"},
        {"proxy-buffers", "too-fast"},
    ),
    "it came at once, late: nobody knows": (
        case(seen(at_once(1.0), head_at=1.0)),
        {"held-back": "warning"},
        {"streams"},
    ),
    "late, but no later than the network is slow": (
        case(seen(at_once(0.4), round_trip=0.3)),
        {"too-fast": "unknown"},
        {"held-back"},
    ),
    "it came at once, in several frames": (
        case(
            seen(
                tuple(Piece(1.0 + number / 10_000, 20, 1) for number in range(10)),
                NGINX,
                about=content(
                    stamps=tuple(Stamp(1.0 + number / 10_000, 1000.0 + number, "/at") for number in range(10))
                ),
            )
        ),
        {"proxy-buffers": "error"},
        {"streams", "held-back"},
    ),
    "records made together may come together": (
        case(seen(apart(), about=content(stamps=stamps(0.01, every=0.001)))),
        {"streams": "ok"},
        {"held-back"},
    ),
    "half of them held": (
        case(seen((Piece(0.5, 100, 5), Piece(1.0, 100, 5)), NGINX, about=content(stamps=stamps(0.5, 5)))),
        {"proxy-buffers": "error"},
        {"streams"},
    ),
    "a full buffer at a time": (
        case(seen((*apart(4, 0.5, 4096), Piece(2.5, 17, 1)), NGINX)),
        {"blocks": "error"},
        set(),
    ),
    "pieces that happen to be equal": (case(seen(apart(5, 0.5, 90))), {"streams": "ok"}, {"blocks"}),
    "a short stream shows nothing": (
        case(seen(at_once(0.01))),
        {"too-fast": "unknown"},
        {"streams", "held-back"},
    ),
    "several pieces in no time": (
        case(seen(apart(5, 0.01))),
        {"too-fast": "unknown"},
        {"streams", "held-back"},
    ),
    "nothing at all": (
        case(
            seen((), {}, status=0, head_at=None, ending="open", ended_at=10.0, about=Content()),
            bare_head=seen((), NGINX),
        ),
        {"silent": "error"},
        {"silence", "endless", "no-accel"},
    ),
    "a head and no record": (
        case(seen((Piece(0.1, 3, 0),), ending="open", ended_at=10.0, about=content(records=0))),
        {"no-record": "unknown", "endless": "unknown"},
        {"streams", "silent"},
    ),
    "nothing to send": (case(seen((), about=content(records=0))), {"empty": "unknown"}, {"streams"}),
    "an array that was built first": (
        case(
            seen(
                at_once(1.0),
                {"content-type": "application/json", "content-length": "200"},
                head_at=1.0,
                about=content("array"),
            )
        ),
        {"app-builds": "error"},
        {"proxy-buffers", "no-accel", "cacheable"},
    ),
    "the same in no time": (
        case(
            seen(
                at_once(0.01),
                {"content-type": "application/json", "content-length": "200"},
                about=content("array"),
            )
        ),
        {"too-fast": "unknown"},
        {"app-builds"},
    ),
    "a document is none": (
        case(
            seen(
                at_once(0.01),
                {"content-type": "application/json", "content-length": "9"},
                about=content("document"),
            )
        ),
        {"document": "note"},
        {"too-fast", "no-accel"},
    ),
    "a document that waits for its slowest part": (
        case(seen(at_once(2.0), {"content-type": "application/json"}, about=content("document"))),
        {"document": "warning"},
        {"held-back"},
    ),
    "gzip that holds all of it": (
        case(seen(), compressed=seen(at_once(1.0), GZIP)),
        {"gzip-holds": "error", "streams": "ok"},
        {"flushed"},
    ),
    "gzip of which nothing comes while it is looked at": (
        case(
            seen(ending="open", ended_at=10.0),
            compressed=seen((), GZIP, ending="open", ended_at=2.0, about=content(records=0)),
        ),
        {"gzip-holds": "error"},
        {"flushed"},
    ),
    "gzip that is flushed, and looked at for five records": (
        case(seen(), compressed=seen(apart(5), GZIP, ending="open")),
        {"flushed": "ok"},
        {"gzip-holds"},
    ),
    "gzip of rows that came sooner": (
        case(seen(), compressed=seen((Piece(0.01, 50, 5), Piece(0.02, 50, 5)), GZIP)),
        {"flushed": "ok"},
        {"gzip-holds"},
    ),
    "gzip a little late": (
        case(seen(), compressed=seen(apart(first=0.2), GZIP)),
        {"flushed": "ok"},
        {"gzip-holds"},
    ),
    "no compression": (case(seen(), compressed=seen()), {"uncompressed": "ok"}, {"gzip-holds"}),
    "compressed for nobody": (case(seen(fields=GZIP)), {"coded-anyway": "warning"}, set()),
    "in a short stream compression holds nothing": (
        case(seen(at_once(0.01)), compressed=seen(at_once(0.5), GZIP)),
        {"too-fast": "unknown"},
        {"gzip-holds", "flushed"},
    ),
    "a request with effects is sent once": (case(seen(), safe=False), {"not-tried": "unknown"}, set()),
}


def test_what_comes_within_milliseconds_is_one_piece() -> None:
    frames = seen((Piece(0.5, 20, 1), Piece(0.501, 20, 2), Piece(0.6, 20, 1)))
    assert frames.arrivals == [Piece(0.5, 40, 3), Piece(0.6, 20, 1)]
    assert frames.silence == pytest.approx(0.495)


@pytest.mark.parametrize("name", TABLE)
def test_what_came_when_means(name: str) -> None:
    check(TABLE[name])
