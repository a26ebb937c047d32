from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.test import RequestFactory, override_settings

from tailrace import CSV, JSON, NDJSON, Delivery, EventStream, Offer
from tailrace._options import FORMATS
from tailrace.django import stream
from tailrace.django._settings import defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS = EventStream(retry=2000)
DELIVERY = Delivery(keep_alive=5.0)


def with_setting(value: Any) -> Mapping[str, Any]:
    with override_settings(TAILRACE=value):
        return defaults()


def test_what_is_not_said_is_tailrace_s_own() -> None:
    own = {"formats": FORMATS, "encoder": None, "delivery": Delivery()}
    assert defaults() == own
    assert with_setting({}) == own
    assert defaults()["formats"] is FORMATS


def test_the_setting_is_read_again_when_it_is_another_one() -> None:
    first = {"DELIVERY": {"keep_alive": 1.0}}
    with override_settings(TAILRACE=first):
        seen = defaults()
        assert seen["delivery"].keep_alive == 1.0
        assert defaults() is seen
        with override_settings(TAILRACE={"DELIVERY": {"keep_alive": 2.0}}):
            assert defaults()["delivery"].keep_alive == 2.0
        assert defaults()["delivery"].keep_alive == 1.0
    assert defaults()["delivery"] == Delivery()


@pytest.mark.parametrize(
    ("given", "formats"),
    [
        (["ndjson", "json"], (NDJSON(), JSON())),
        (("csv", EVENTS), (CSV(), EVENTS)),
        (["tailrace.NDJSON", f"{__name__}.EVENTS"], (NDJSON(), EVENTS)),
        (["progressive"], tuple(one for one in FORMATS if one.name == "progressive")),
        (Offer(NDJSON(), query="format"), (NDJSON(),)),
    ],
)
def test_formats(given: Any, formats: tuple[Any, ...]) -> None:
    offer: Any = with_setting({"FORMATS": given})["formats"]
    assert tuple(offer) == formats
    assert offer.query == getattr(given, "query", None)


@pytest.mark.parametrize(
    "given", [DELIVERY, {"keep_alive": 5.0}, f"{__name__}.DELIVERY", {"keep_alive": 5, "compression": []}]
)
def test_delivery(given: Any) -> None:
    assert with_setting({"DELIVERY": given})["delivery"] == DELIVERY
    assert with_setting({"DELIVERY": {"compression": ["gzip"]}})["delivery"].compression == ("gzip",)


@pytest.mark.parametrize(
    ("given", "encoder"),
    [
        ("django.core.serializers.json.DjangoJSONEncoder", DjangoJSONEncoder),
        (DjangoJSONEncoder, DjangoJSONEncoder),
        ("json.dumps", json.dumps),
        (json.dumps, json.dumps),
        (None, None),
    ],
)
def test_encoder(given: Any, encoder: Any) -> None:
    assert with_setting({"ENCODER": given})["encoder"] is encoder


WRONG = [
    (["json"], r"TAILRACE = \['json'\]: expected a dict with some of 'FORMATS', 'DELIVERY', 'ENCODER'"),
    ({"FORMAT": ["json"]}, r"TAILRACE\['FORMAT'\]: expected one of 'FORMATS', 'DELIVERY', 'ENCODER'"),
    ({"formats": []}, r"TAILRACE\['formats'\]: expected one of 'FORMATS'"),
    ({"FORMATS": "json"}, r"expected a list of formats such as \['json', 'ndjson'\]"),
    (
        {"FORMATS": ["jsonl"]},
        r"\['jsonl'\]: 'jsonl' is no format; expected 'json', 'ndjson', 'sse', 'json-seq'",
    ),
    ({"FORMATS": ["tailrace.JSONL"]}, r'"tailrace" does not define a "JSONL"'),
    ({"FORMATS": []}, "expected at least one format"),
    ({"FORMATS": [7]}, "got 7"),
    ({"DELIVERY": {"keepalive": 5}}, "'keepalive' is unknown; expected some of 'commit_after', 'keep_alive'"),
    ({"DELIVERY": {"keep_alive": "5"}}, r"Delivery\(keep_alive='5'\): expected seconds"),
    ({"DELIVERY": 5}, "expected a Delivery, a dict of its fields, or the dotted path of one"),
    ({"ENCODER": "orjson.nothing"}, "TAILRACE.'ENCODER'.*nothing"),
    ({"ENCODER": 5}, "expected a callable or a json.JSONEncoder class"),
    ({"ENCODER": int}, "expected a callable or a json.JSONEncoder class"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_a_wrong_setting_says_what_was_expected(given: Any, message: str) -> None:
    with override_settings(TAILRACE=given), pytest.raises(ImproperlyConfigured, match=message):
        defaults()
    assert defaults()["formats"] is FORMATS


def test_a_view_names_formats_as_the_setting_does() -> None:
    request = RequestFactory().get("/")
    named: list[Any] = ["csv", "tailrace.NDJSON", EVENTS]
    for formats in ([CSV(), NDJSON(), EVENTS], named):
        assert stream(request, [{"id": 1}], formats=formats)["Content-Type"].startswith("text/csv")
    asked = RequestFactory().get("/", headers={"accept": "application/x-ndjson"})
    assert stream(asked, [{"id": 1}], formats=named)["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["jsonl"]}, "'jsonl' is no format; expected 'json', 'ndjson', 'sse'"),
        ({"formats": "csv"}, r"formats: expected a list of formats such as \['json', 'ndjson'\], got 'csv'"),
        ({"formats": []}, "formats: expected at least one format"),
        ({"status_code": 201}, r"^stream\(\) got an unexpected keyword argument 'status_code'$"),
        (
            {"content_type": "text/csv"},
            r"^stream\(\) .*'content_type': the media type is .* formats= decides$",
        ),
    ],
)
def test_a_wrong_option_says_what_was_expected(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        stream(RequestFactory().get("/"), [], **options)
