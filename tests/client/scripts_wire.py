"""What networks do, and the frames that bodies come in."""

from __future__ import annotations

from typing import Final

from tailrace.client import Resume
from tailrace.errors import ConnectionLost, DecodeError, Truncated
from tests.client.script import (
    ASK,
    EVENTS,
    HALF_CLOSE,
    HANG,
    LAST,
    REFUSED,
    RESET,
    Handed,
    Pause,
    Script,
    Step,
    Wrong,
    chunk,
    ending,
    event,
    flowing,
    get,
    head,
    numbered,
    sized,
)

LINES: Final = flowing("application/x-ndjson")
WATCHED: Final = Resume(delay=0.01, ceiling=0.02, idle=0.15)
AGAIN: Final = "again:1 opened closed"


def lost(name: str, *steps: Step, news: str = AGAIN) -> Script:
    """A connection that is gone before there is a response; the next one is better."""
    return Script(name, [steps, ending(numbered(1))], [1], news=news)


LOST: Final = [
    Script(
        "refused-then-not",
        [
            REFUSED,
            REFUSED,
            ending(numbered(1)),
        ],
        [1],
        news="again:1 again:2 opened closed",
    ),
    Script(
        "refused-in-the-middle",
        [(ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET), REFUSED, ending(numbered(2))],
        [1, 2],
        requests=[get(), get(last_event_id="1")],
        news="opened again:1 again:2 opened closed",
    ),
    lost("reset-before-the-request", RESET),
    lost("reset-before-the-head", ASK, RESET),
    lost("closed-before-the-head", ASK),
    lost("reset-in-the-head", ASK, b"HTTP/1.1 200 OK\r\nContent-Ty", RESET),
    lost("closed-in-the-head", ASK, b"HTTP/1.1 200 OK\r\nContent-Ty"),
    lost("no-http-at-all", ASK, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    lost("a-head-that-is-too-long", ASK, b"HTTP/1.1 200 OK\r\nA: " + b"a" * 200_000),
    Script(
        "reset-before-the-head-without-resume",
        [(ASK, RESET)],
        error=Wrong(ConnectionLost, ("no answer: ReadError",)),
        resume=False,
    ),
]


def cut(name: str, *steps: Step) -> Script:
    """A body of events that is cut behind the first; the next goes on."""
    return Script(
        f"{name}-goes-on",
        [(ASK, *steps), ending(numbered(2))],
        [1, 2],
        requests=[get(), get(last_event_id="1")],
        news="opened again:1 opened closed",
    )


LONG: Final = head("text/event-stream", "Content-Length: 1000")

CUT: Final = [
    cut("no-last-chunk", EVENTS + chunk(numbered(1) + b"data: 2")),
    cut("short-length", LONG + numbered(1) + b"data: 2"),
    cut("reset-in-the-body", LONG + numbered(1) + b"data: 2", Handed(1), RESET),
    cut("cut-in-a-chunks-size", EVENTS + chunk(numbered(1)) + b"1"),
    cut("cut-in-a-chunk", EVENTS + chunk(numbered(1)) + b"20\r\nid: 2\nda"),
    cut("cut-in-the-last-chunk", EVENTS + chunk(numbered(1)) + b"0\r\n"),
    cut("no-size-of-a-chunk", EVENTS + chunk(numbered(1)) + b"zz\r\n"),
    cut("half-closed", EVENTS + chunk(numbered(1)), HALF_CLOSE, HANG),
    Script(
        "html-at-a-reconnect-stops",
        [
            (ASK, EVENTS + chunk(numbered(1)), Handed(1), RESET),
            (ASK, sized("text/html", b"<h1>Sign in</h1>")),
        ],
        [1],
        error=Wrong(DecodeError, ("another format", "text/html")),
        last="1",
        news="opened again:1 closed:DecodeError",
    ),
    Script(
        "html-at-first",
        [(ASK, sized("text/html", b"<h1>Sign in</h1>"))],
        error=Wrong(DecodeError, ("items of type int", "text/html")),
        type=int,
    ),
]

IDLE: Final = [
    Script(
        "idle-is-a-lost-connection",
        [(ASK, EVENTS + chunk(numbered(1)), HANG), ending(numbered(2))],
        [1, 2],
        resume=WATCHED,
        requests=[get(), get(last_event_id="1")],
        news="opened again:1 opened closed",
    ),
    Script(
        "idle-before-the-head",
        [(ASK, HANG), ending(numbered(1))],
        [1],
        resume=WATCHED,
        news=AGAIN,
    ),
    Script(
        "idle-is-not-where-comments-come",
        [
            (
                ASK,
                EVENTS,
                *[Pause(0.1), chunk(b":\n\n")] * 4,
                chunk(numbered(1) + event("{}", event="end", id="~end")),
            )
        ],
        [1],
        resume=Resume(delay=0.01, ceiling=0.02, idle=0.3),
        news="opened closed",
    ),
    Script(
        "idle-lines-are-just-slow",
        [(ASK, LINES + chunk(b"1\n"), Handed(1), Pause(0.25), chunk(b"2\n") + LAST)],
        [1, 2],
        resume=WATCHED,
        news="opened closed",
    ),
    Script(
        "idle-never",
        [(ASK, EVENTS, Pause(0.2), chunk(event("{}", event="end", id="~end")))],
        resume=Resume(idle=None),
        news="opened closed",
    ),
]

FRAMES: Final = [
    Script(
        "early-hints-come-before",
        [
            (
                ASK,
                b"HTTP/1.1 100 Continue\r\n\r\n"
                + head(None, "Link: </a>", status="103 Early Hints")
                + sized("application/x-ndjson", b"1\n"),
            )
        ],
        [1],
    ),
    Script(
        "http-1.0-ends-with-the-connection",
        [(ASK, b"HTTP/1.0 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n1\n2\n")],
        [1, 2],
        news="opened closed",
    ),
    Script(
        "http-1.0-events-go-on",
        [
            (ASK, b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + numbered(1) + b"data: 2\n"),
            ending(numbered(2)),
        ],
        [1, 2],
        requests=[get(), get(last_event_id="1")],
    ),
    Script(
        "http-1.0-an-array-knows-its-end",
        [(ASK, b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[1,2")],
        [1],
        error=Wrong(Truncated, ("not closed after 1 complete elements",)),
    ),
    Script(
        "chunks-with-extensions-and-trailers",
        [(ASK, LINES + b"2;a=b\r\n1\n\r\n0\r\nDigest: x\r\n\r\n")],
        [1],
    ),
    Script(
        "a-connection-that-could-be-kept-is-not",
        [(ASK, head("application/x-ndjson", "Content-Length: 2") + b"1\n", HANG)],
        [1],
    ),
    Script(
        "records-across-chunks",
        [(ASK, LINES + b"".join(chunk(bytes([byte])) for byte in b'{"a":1}\n[2]\n') + LAST)],
        [{"a": 1}, [2]],
    ),
    Script(
        "spaces-keep-lines-alive",
        [(ASK, LINES + chunk(b" ") + chunk(b"1\n") + chunk(b"  \n \n") + chunk(b" 2\n ") + LAST)],
        [1, 2],
    ),
    Script(
        "spaces-keep-an-array-alive",
        [
            (
                ASK,
                flowing("application/json")
                + chunk(b" ")
                + chunk(b"\n[ 1")
                + chunk(b" ")
                + chunk(b", 2 ] ")
                + LAST,
            )
        ],
        [1, 2],
    ),
    Script(
        "comments-keep-events-alive",
        [ending(b":\n\n", b": hello\n", numbered(1), b":\n\n")],
        [1],
    ),
    Script("nothing-of-lines", [(ASK, sized("application/x-ndjson", b""))], news="opened closed"),
    Script(
        "nothing-of-json",
        [(ASK, sized("application/json", b" \n"))],
        error=Wrong(Truncated),
    ),
    Script(
        "nothing-of-events",
        [(ASK, sized("text/event-stream", b"")), ending()],
        news="opened again:1 opened closed",
    ),
]

SCRIPTS: Final = [*LOST, *CUT, *IDLE, *FRAMES]
