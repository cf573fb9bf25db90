"""The state of each endpoint, and what is counted of it."""

from __future__ import annotations

import json

import pytest

from inferencemax_spider.items import EndpointCapture, FetchFailure, Parsed, Served
from inferencemax_spider.pipelines.validation import ValidationPipeline
from tests.factories import body, capture, crawler, endpoint, row, rows, stats_of


def validated(*items: EndpointCapture) -> dict[str, int]:
    """Put *items* through the pipeline; return the stats."""
    of = crawler()
    pipeline = ValidationPipeline.from_crawler(of)
    assert [pipeline.process_item(item) for item in items] == list(items)
    return stats_of(of)


def raising(content: bytes, _: object) -> Parsed:
    raise AssertionError(f"{content!r} must not be read")


@pytest.mark.parametrize(
    ("item", "state", "told"),
    [
        (capture(body(row())), "ok", ""),
        (capture(body(row(), row(x=0))), "ok", ""),
        (capture(json.dumps({"data": [row()], "gpus": ["mi300x"]}).encode()), "ok", ""),
        (capture(b"[]"), "empty", "an empty array"),
        (capture(b'{"data": []}'), "empty", "an empty array"),
        (capture(body(row(x=0), row(tp=None))), "invalid", "none of its 2 records is valid"),
        (capture(b"<html></html>", content_type="text/html"), "invalid", "HTML where JSON was expected"),
        (capture(b""), "invalid", "empty body"),
        (capture(body(row())[:-20]), "invalid", "truncated JSON"),
        (capture(b'{"error": "x"}'), "invalid", "an object with the keys 'error'"),
        (capture(body(row()), damage="the connection was closed"), "invalid", "the connection was closed"),
        (capture(failure=FetchFailure("no such host", exception="X")), "failed", "no such host"),
        (capture(body(row()), failure=FetchFailure("HTTP 500", status=500)), "failed", "HTTP 500"),
    ],
)
def test_each_capture_ends_in_one_state_with_its_reason(item: EndpointCapture, state: str, told: str) -> None:
    stats = validated(item)
    assert item.state == state
    assert told in item.reason
    assert bool(item.reason) is (state != "ok")
    assert {key: count for key, count in stats.items() if key.startswith("endpoints/")} == {f"endpoints/{state}": 1}


@pytest.mark.parametrize(
    ("served", "failure"),
    [(b"damaged", None), (b"error page", FetchFailure("HTTP 500", status=500))],
)
def test_the_body_of_an_answer_that_cannot_be_trusted_is_not_read(served: bytes, failure: FetchFailure | None) -> None:
    item = capture(served, failure=failure, damage="cut off")
    item.parser = raising
    validated(item)
    assert len(item.records) == 0


def test_an_error_page_that_happens_to_be_records_is_not_counted() -> None:
    assert validated(capture(body(row()), failure=FetchFailure("HTTP 500", status=500)))["records/count"] == 0


def test_stats_count_records_rejections_and_duplicates_over_the_run() -> None:
    stats = validated(
        capture(body(*rows(5), row(x=0))),
        capture(body(row(), row(x=8.0), row(x=9.0), row(conc=2), row(conc=2), row(hwKey="?"))),
        capture(b"<html>"),
    )
    assert stats["records/count"] == 10
    assert stats["records/rejected"] == 2
    assert stats["records/duplicate"] == 2


def test_stats_count_faults_by_field_and_kind() -> None:
    stats = validated(
        capture(body(row(), row(x=0, tp=...), row(x="1"), row(costh={"y": 1.0}), row(500.0, y=1.0), 7)),
        capture(body(row(x=...))),
    )
    assert {key: count for key, count in stats.items() if key.startswith("field/")} == {
        "field/x/invalid": 2,
        "field/x/missing": 1,
        "field/tp/missing": 1,
        "field/costh.roof/missing": 1,
        "field/y/invalid": 1,
        "field/record/invalid": 1,
    }


def test_stats_count_unknown_fields_top_level_and_nested() -> None:
    nested = {"y": 1.0, "roof": False, "edition": "2025-10"}
    stats = validated(capture(body(row(image="v1"), row(image=None, costn=nested))), capture(body(row(costn=nested))))
    assert {key: count for key, count in stats.items() if key.endswith("/unknown")} == {
        "field/image/unknown": 2,
        "field/costn.edition/unknown": 2,
    }


def test_duplicates_are_reported_and_kept() -> None:
    item = capture(body(row(), row(x=8.0), row(conc=17), row(x=9.0)))
    validated(item)
    assert len(item.records) == 4
    (identity,) = item.duplicates
    assert identity["count"] == 3
    assert (identity["hwKey"], identity["conc"], identity["data_type"]) == ("mi300x", 16, "e2e")


def test_rejected_records_cost_nothing_else_of_the_response() -> None:
    served = rows(50)
    spoilt = [one | {"x": -1} if place % 7 == 0 else one for place, one in enumerate(served)]
    item = capture(body(*spoilt))
    validated(item)
    assert [record.conc for record in item.records] == [one["conc"] for one in spoilt if one["x"] > 0]
    assert [rejection.index for rejection in item.rejections] == list(range(0, 50, 7))


def test_an_endpoint_that_got_no_answer_and_no_failure_stays_failed() -> None:
    item = capture()
    assert validated(item)["endpoints/failed"] == 1


def test_the_answer_itself_is_left_as_it_came() -> None:
    content = body(row(x=0))
    item = capture(content, endpoint())
    validated(item)
    assert isinstance(item.served, Served)
    assert item.served.body == content
