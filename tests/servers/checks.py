"""The promises as checks of any endpoint: the tests hold ours against them, the controls the peers'.

Each raises `Broken` with the words that say what went wrong, by which a control knows that it failed
for the reason it should.
"""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any, Final, Literal

from .harness import Broken, Server, alarms, eventually, expect, log_since
from .wire import Client, Reply

Manner = Literal["fin", "rst"]

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
SSE: Final = "text/event-stream"
JSON_SEQ: Final = "application/json-seq"
CSV: Final = "text/csv"

PROMPT: Final = 0.1
"""Seconds within which another endpoint answers, nine times out of ten; never more than five of them."""


def events(body: bytes) -> list[dict[str, str]]:
    """The blocks of an event stream as a naive reader takes them: enough for what servers write here."""
    blocks = body.replace(b"\r\n", b"\n").decode().split("\n\n")[:-1]
    lines = [
        [line.split(": ", 1) for line in block.split("\n") if line and line[0] != ":"] for block in blocks
    ]
    return [dict(pair for pair in block if len(pair) == 2) for block in lines if block]


def refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON (RFC 8259, section 6), though Python reads them."""
    raise ValueError(f"{name} is not JSON")


def parsed(media_type: str, body: bytes) -> list[Any]:
    """What a client that has never heard of tailrace makes of a body; raises `ValueError` if nothing."""
    if media_type == JSON:
        return list(json.loads(body, parse_constant=refuse_constant))
    if media_type == NDJSON:
        return [
            json.loads(line, parse_constant=refuse_constant) for line in body.decode().split("\n") if line
        ]
    if media_type == JSON_SEQ:
        return [json.loads(text, parse_constant=refuse_constant) for text in body.decode().split("\x1e")[1:]]
    if media_type == CSV:
        return list(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))
    found = events(body)
    if any(event.get("event") == "problem" for event in found):
        raise ValueError("the stream says itself that it failed")
    return [
        json.loads(event["data"], parse_constant=refuse_constant) for event in found if "event" not in event
    ]


def items(media_type: str, body: bytes) -> list[Any]:
    """The whole items in a body, be it a good or a failed one."""
    text = body.decode()
    if media_type == JSON:
        return list(json.loads(text + "]"))
    if media_type == NDJSON:
        return [json.loads(line) for line in text.split("\n")[:-1] if line]
    return [json.loads(event["data"]) for event in events(body) if "event" not in event]


def failure_shows(server: Server, target: str, media_type: str) -> Reply:
    """1: a body that failed is no good by itself, and the transfer is cut where the server can cut it."""
    reply = server.get(target, accept=media_type, within=2)
    expect(reply.ending != "open", "the client is left waiting for a body that will not come")
    try:
        parsed(media_type, reply.body)
    except ValueError:
        pass
    else:
        raise Broken("a failed body looks finished")
    expect(reply.ending == "cut" or not server.aborts, "a failed transfer looks finished")
    return reply


def all_delivered(server: Server, target: str, media_type: str, count: int) -> None:
    """2: what was yielded before the error arrives."""
    reply = server.get(target, accept=media_type, within=3)
    got = [item["n"] for item in items(media_type, reply.body)]
    expect(got == list(range(count)), f"items yielded before the error are lost: {got} of {count}")


def early_error_is_a_status(server: Server, target: str, status: int) -> Reply:
    """3: an error before the first item is the response."""
    reply = server.get(target, within=3)
    expect(reply.status == status, f"an error before the first item went out as {reply.status}")
    expect(reply.ending == "complete", "the error's response does not end")
    return reply


def departed(server: Server, target: str, manner: Manner) -> None:
    """A client that has seen the beginning of a body, and then leaves."""
    with Client(server.port) as client:
        client.ask(target)
        client.read(until=b"{")
        expect(client.reply.chunks, "nothing came")
        client.leave(manner)


def ping(server: Server) -> float:
    """Seconds until another endpoint has answered."""
    asked = time.monotonic()
    try:
        status = server.get("/probe/ping", within=1).status
    except OSError:
        status = 0
    expect(status == 200, "another endpoint does not answer")
    return time.monotonic() - asked


def prompt(times: list[float]) -> None:
    """That the answers of another endpoint came in time; see `PROMPT`."""
    ordered = sorted(times)
    typical, worst = ordered[len(ordered) * 9 // 10], ordered[-1]
    expect(
        typical < PROMPT and worst < 5 * PROMPT, f"another endpoint answers in {typical:.3f} to {worst:.3f} s"
    )


def server_stays_free(server: Server, target: str, run: str, manner: Manner) -> int:
    """4: a source that never suspends is closed once its client has gone, and nobody else waits.

    Returns how many bytes it still produced.
    """
    with Client(server.port) as client:
        client.ask(target)
        client.read(until=b"{")
        for _ in range(20):
            client.socket.recv(1 << 16)
        pings = [ping(server)]
        before = server.state(run)["bytes"]
        client.leave(manner)
    left = time.monotonic()
    pings.append(ping(server))
    while not server.state(run)["closing"]:
        pings.append(ping(server))
        expect(time.monotonic() - left < 1.0, "the source of a departed client is not closed")
    pings += [ping(server) for _ in range(20)]
    prompt(pings)
    return int(server.state(run)["bytes"]) - int(before)


def closed_at_home(server: Server, target: str, run: str, manner: Manner) -> None:
    """5: a sync generator is closed by name, in its own thread. (The application holds on to it.)"""
    departed(server, target, manner)
    eventually(lambda: server.state(run)["closing"], 1.5, "a sync generator is not closed")
    expect(not server.state(run)["astray"], "a sync generator is closed in another thread")


def cleanup_finishes(server: Server, target: str, run: str, manner: Manner) -> None:
    """6: `finally` is entered within a second, and its `await`s come to their end."""
    departed(server, target, manner)
    eventually(lambda: server.state(run)["closing"], 1.0, "`finally` is not entered")
    eventually(lambda: server.state(run)["closed"], 1.0, "an `await` in `finally` was cut off")


def no_alarm(server: Server, mark: int) -> None:
    """7: nothing in the log since `mark` that would wake somebody up."""
    if server.name == "daphne":
        time.sleep(1.2)  # it looks after its applications' exceptions once a second
    found = alarms(log_since(server, mark))
    expect(not found, f"an ordinary departure is logged as an error: {found}")


def head_touches_nothing(server: Server, target: str, run: str) -> None:
    """11: HEAD is answered at once, its source is never started, and the connection is as good as before."""
    with Client(server.port) as client:
        client.ask(target, method="HEAD")
        reply = client.read(within=2)
        expect(reply.status == 200 and reply.ending == "complete", "HEAD is not answered")
        expect(not reply.body, "HEAD is answered with a body")
        client.again()
        client.ask("/probe/ping")
        again = client.read(within=1)
        expect(not server.state(run)["started"], "HEAD starts the source")
        expect(again.body == b"pong", "after HEAD the connection is of no use")


def strict_json(server: Server, target: str, media_type: str) -> list[Any]:
    """13: every reader of JSON can read it."""
    body = server.get(target, accept=media_type).body
    try:
        return parsed(media_type, body)
    except ValueError as error:
        raise Broken(f"not JSON: {body!r}") from error


def no_line_separators(server: Server, target: str, media_type: str) -> Reply:
    """13: no character that some readers take for the end of a line."""
    reply = server.get(target, accept=media_type)
    raw = [hex(ord(character)) for character in "\u2028\u2029\u0085" if character in reply.body.decode()]
    expect(not raw, f"raw line separators on the wire: {raw}")
    return reply


def field_is_refused(server: Server, target: str) -> None:
    """13, fault 28: what would corrupt a frame is refused before a byte is out."""
    reply = server.get(target, accept=SSE)
    assert reply.status in {200, 500}
    expect(reply.status == 500, f"a field that corrupts the frame was sent: {reply.status} {reply.body!r}")


def stuck_client_is_given_up(server: Server, target: str, run: str, within: float) -> None:
    """16: the source of a client that does not read is closed."""
    with Client(server.port, receive_buffer=4096) as client:
        client.ask(target)
        client.head()
        eventually(lambda: server.state(run)["closing"], within, "a stuck client is held")
