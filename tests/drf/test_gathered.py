"""Streams for renderers that write whole values: what comes in a while, and never an endless wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIRequestFactory

from tests.drf import gathered_views
from tests.drf.gathered_views import OUTCOMES

if TYPE_CHECKING:
    from tests.django.plugin import Fill
    from tests.drf.conftest import Ask


def test_the_browsable_api_shows_rows(ask: Ask, shop: Fill) -> None:
    shop(3)
    reply = ask("/orders", "text/html")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.text.count("&quot;product&quot;: ") == 3
    assert "this page shows" not in reply.text
    assert "Incremental" not in reply.headers


def test_the_browsable_api_shows_the_first_of_many_and_says_so(ask: Ask) -> None:
    OUTCOMES.clear()
    reply = ask("/gathered/unending", "text/html")
    assert reply.text.count("&quot;n&quot;: ") == 100
    assert "&quot;n&quot;: 99" in reply.text
    assert "this page shows the first 100 items" in reply.text
    assert [one.reason for one in OUTCOMES] == ["complete"]
    exact = ask("/gathered/many?count=100", "text/html").text
    assert exact.count("&quot;n&quot;: ") == 100
    assert "this page shows" not in exact


def test_what_takes_too_long_is_cut_and_says_so(ask: Ask) -> None:
    OUTCOMES.clear()
    page = ask("/gathered/endless", "text/html")
    assert page.text.count("&quot;n&quot;: 1") == 1
    assert "this page shows what came in 0.2 s" in page.text
    whole = ask("/gathered/endless", "text/plain")
    assert whole.status == 406
    assert "longer than 0.2 s" in whole.text
    assert [one.reason for one in OUTCOMES] == ["max_duration"] * 2


def test_a_source_that_says_nothing_is_waited_for_as_long(ask: Ask) -> None:
    OUTCOMES.clear()
    page = ask("/gathered/silent", "text/html")
    assert page.status == 200
    assert "this page shows what came in 0.2 s" in page.text
    assert ask("/gathered/silent", "text/plain").status == 406
    assert [one.reason for one in OUTCOMES] == ["max_duration"] * 2


def test_a_renderer_of_whole_values_gets_the_whole(ask: Ask) -> None:
    assert ask("/gathered/many?count=2", "text/plain").text == "[{'n': 0}, {'n': 1}]"
    reply = ask("/gathered/many?count=2", "application/vnd.shop+json")
    assert json.loads(reply.body) == {"data": [{"n": 0}, {"n": 1}]}
    assert ask("/gathered/many?count=10000", "text/plain").text.endswith("{'n': 9999}]")


def test_more_than_a_whole_may_be_is_not_acceptable_in_it(ask: Ask) -> None:
    reply = ask("/gathered/many?count=10001", "text/plain")
    assert reply.status == 406
    assert "more than 10,000 items" in reply.text
    assert ask("/gathered/many?count=10001").status == 200


def test_a_failed_stream_is_an_error(ask: Ask) -> None:
    reply = ask("/gathered/breaking", "text/plain")
    assert (reply.status, reply.headers["Content-Type"]) == (410, "text/plain; charset=utf-8")
    assert "the shop has burnt down" in reply.text
    assert ask("/gathered/breaking", "text/html").status == 410


@pytest.mark.parametrize("accept", ["application/json", "text/plain", "text/html"])
def test_what_is_no_items_is_said_whatever_is_asked_for(accept: str) -> None:
    def ask(view: Any, given: str = "") -> None:
        view(APIRequestFactory().get("/", {"given": given}, headers={"accept": accept}))

    for given, hint in (("text", "got str .one value"), ("number", "got int"), ("function", "call it")):
        with pytest.raises(TypeError, match=f"expected an iterable of items.*{hint}"):
            ask(gathered_views.misfit, given)
    with pytest.raises(
        TypeError, match=r"^stream\(\) got an unexpected keyword argument 'content_type': the media"
    ):
        ask(gathered_views.mistaken)


@pytest.mark.parametrize("accept", ["text/plain", "text/html", "application/vnd.shop+json"])
def test_a_head_request_starts_no_source(ask: Ask, accept: str) -> None:
    OUTCOMES.clear()
    gathered, head = (ask("/gathered/many?count=2", accept, method) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers.items() ^ gathered.headers.items() <= {("Content-Length", str(len(gathered.body)))}
    assert [one.reason for one in OUTCOMES] == ["complete", "head"]
    document = ask("/gathered/tree", accept, "HEAD")
    assert (document.status, document.body, document.headers["X-Tree"]) == (203, b"", "oak")


def test_a_document_is_shown_finished(ask: Ask) -> None:
    reply = ask("/gathered/tree", "text/plain")
    assert (reply.status, reply.text, reply.headers["X-Tree"]) == (203, "{'later': 'leaf'}", "oak")


def test_the_admin_gets_nothing_but_rows(ask: Ask) -> None:
    reply = ask("/gathered/many?count=200&format=admin", "text/html")
    assert reply.status == 200
    assert "this page shows" not in reply.text


def test_async_views_have_pages_too(ask: Ask, shop: Fill) -> None:
    shop(2)
    assert ask("/adrf/numbers", "text/html").text.count("&quot;n&quot;: ") == 3
    for path in ("/adrf/orders", "/restflow/orders"):
        assert ask(path, "text/html").text.count("&quot;product&quot;: ") == 2
