"""What renderers make of a plain `Response`, and of the pages of the framework's own list views."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import gettext_lazy
from rest_framework import renderers

from tailrace import CSV, NDJSON
from tailrace.drf import (
    BROWSABLE_RENDERERS,
    RENDERERS,
    CSVRenderer,
    JSONRenderer,
    NDJSONRenderer,
    StreamRenderer,
)
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from tests.django.plugin import Fill
    from tests.drf.conftest import Ask

EVENTS = "text/event-stream"
LIST = {
    "application/json": '[{"n":1},{"n":2}]',
    "application/x-ndjson": '{"n":1}\n{"n":2}\n',
    "application/json-seq": '\x1e{"n":1}\n\x1e{"n":2}\n',
    "text/csv": '"n"\r\n1\r\n2\r\n',
    EVENTS: ':\n\ndata: {"n":1}\n\ndata: {"n":2}\n\nevent: end\nid: ~end\ndata: {"count":2}\n\n',
}
OBJECT = {
    "application/json": '{"n":1}',
    "application/x-ndjson": '{"n":1}\n',
    "text/csv": '"n"\r\n1\r\n',
}


@pytest.mark.parametrize("accept", LIST)
def test_a_list_is_items(ask: Ask, accept: str) -> None:
    reply = ask("/plain?kind=list", accept)
    assert (reply.status, reply.text) == (200, LIST[accept])
    assert reply.headers["Content-Type"].split(";")[0] == accept


@pytest.mark.parametrize("accept", OBJECT)
def test_anything_else_is_one_item(ask: Ask, accept: str) -> None:
    assert ask("/plain?kind=object", accept).text == OBJECT[accept]


def test_nothing_is_nothing_and_no_items_are_a_body(ask: Ask) -> None:
    assert ask("/plain?kind=none", "text/csv").body == b""
    reply = ask("/plain?kind=empty", "application/x-ndjson")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Type"] == "application/x-ndjson"


def test_what_a_format_cannot_write_is_not_acceptable(ask: Ask) -> None:
    reply = ask("/plain?kind=word", "text/csv")
    assert (reply.status, reply.headers["Content-Type"]) == (406, "application/json")
    assert "CSV takes objects and lists, got str" in json.loads(reply.body)["detail"]


def test_the_views_own_content_type_stays(ask: Ask) -> None:
    assert ask("/typed", "text/csv").headers["Content-Type"].endswith("; profile=shop")


@pytest.mark.parametrize("path", ["/stock-paged", "/paged"])
def test_a_page_is_the_frameworks_envelope_in_json_and_records_with_links_elsewhere(
    ask: Ask, shop: Fill, path: str
) -> None:
    shop(5)
    envelope = json.loads(ask(f"{path}?page=2").body)
    assert list(envelope) == ["count", "next", "previous", "results"]
    reply = ask(f"{path}?page=2", "application/x-ndjson")
    assert [json.loads(line) for line in reply.text.splitlines()] == envelope["results"]
    assert reply.headers["Link"] == (
        f'<{envelope["previous"]}>; rel="prev", <{envelope["next"]}>; rel="next"'
    )
    events = ask(path, EVENTS)
    assert events.text.count("data: {") == 2 + 1  # and the end's
    assert events.headers["Link"] == f'<http://testserver{path}?page=2>; rel="next"'
    assert ask(f"{path}?page=9", "text/csv").status == 404


def test_a_viewsets_object_is_one_whatever_its_members_are_called() -> None:
    class Paginator:
        def get_results(self, data: Any) -> Any:
            return data["results"]

    class View:
        paginator = Paginator()

    from rest_framework.utils.serializer_helpers import ReturnDict  # noqa: PLC0415 - needs the settings

    member = ReturnDict({"results": [1, 2]}, serializer=None)
    page = {"results": [1, 2]}
    context = {"view": View()}
    assert NDJSONRenderer().render(member, None, context) == b'{"results":[1,2]}\n'
    assert NDJSONRenderer().render(page, None, context) == b"1\n2\n"
    assert NDJSONRenderer().render(page) == b'{"results":[1,2]}\n'


def test_json_is_what_the_framework_writes() -> None:
    data = [{"day": date(2026, 1, 2), "total": Decimal("9.5"), "word": gettext_lazy("tea \u2028")}]
    for accepted in (None, "application/json; indent=4"):
        ours, theirs = JSONRenderer().render(data, accepted), renderers.JSONRenderer().render(data, accepted)
        assert ours == theirs
    assert NDJSONRenderer().render(data) == b'{"day":"2026-01-02","total":9.5,"word":"tea \\u2028"}\n'


def test_what_the_frameworks_encoder_knows_is_written_too() -> None:
    class Column:
        """As numpy's are."""

        def tolist(self) -> list[int]:
            return [1, 2]

    assert NDJSONRenderer().render([{"column": Column()}]) == b'{"column":[1,2]}\n'
    with pytest.raises(EncodeError, match="a value of type object"):
        NDJSONRenderer().render([{"thing": object()}])


def test_a_subclass_takes_its_name_from_its_format() -> None:
    class Sums(CSVRenderer):
        writes = CSV("total", delimiter="\t")

    class Counted(NDJSONRenderer):
        writes = NDJSON(end=True)
        format = "counted"

    assert (Sums.media_type, Sums.format) == ("text/tab-separated-values", "csv")
    assert Sums().render([{"id": 1, "total": 2}]) == b'"total"\r\n2\r\n'
    assert (Counted.media_type, Counted.format) == ("application/x-ndjson", "counted")
    assert Counted().representation(None)[1] == "application/x-ndjson;end=1"


def test_all_of_them_write_and_none_twice() -> None:
    kinds = [one for one in RENDERERS if issubclass(one, StreamRenderer)]
    assert len({one.media_type for one in kinds}) == len(RENDERERS)
    assert RENDERERS[0] is JSONRenderer
    assert BROWSABLE_RENDERERS[:-1] == RENDERERS
