"""Item filters: which captures go into which standard feed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inferencemax_spider.exporters.filters import DatasetFilter, FailedFilter, RejectedFilter
from inferencemax_spider.items import EndpointCapture, FetchFailure
from tests.factories import body, capture, endpoint, processed, row

GOOD = processed(capture(body(row())))
WITH_REJECTED = processed(capture(body(row(), row(x=0))))
ALL_REJECTED = processed(capture(body(row(x=0))))
EMPTY = processed(capture(b"[]"))
FAILED = processed(capture(failure=FetchFailure("gone")))


@pytest.mark.parametrize("dataset", ["evaluations", "reliability"])
@pytest.mark.parametrize("wanted", ["evaluations", "reliability"])
def test_a_feed_of_a_dataset_takes_that_one(dataset: str, wanted: str) -> None:
    item = replace(GOOD, endpoint=endpoint(dataset=dataset))
    assert DatasetFilter({"dataset": wanted}).accepts(item) is (dataset == wanted)


@pytest.mark.parametrize("options", [None, {}, {"dataset": "prices"}])
def test_a_feed_without_a_known_dataset_takes_none(options: dict[str, Any] | None) -> None:
    assert not DatasetFilter(options).accepts(GOOD)


def test_a_dataset_that_brought_nothing_has_no_feed() -> None:
    item = replace(EMPTY, endpoint=endpoint(dataset="evaluations"))
    assert not DatasetFilter({"dataset": "evaluations"}).accepts(item)


@pytest.mark.parametrize(
    ("item", "taken"), [(GOOD, False), (WITH_REJECTED, True), (ALL_REJECTED, True), (EMPTY, False), (FAILED, False)]
)
def test_rejected_takes_what_holds_rejected_records(item: EndpointCapture, *, taken: bool) -> None:
    assert RejectedFilter({}).accepts(item) is taken


@pytest.mark.parametrize(
    ("item", "taken"), [(GOOD, False), (WITH_REJECTED, False), (ALL_REJECTED, True), (EMPTY, True), (FAILED, True)]
)
def test_failures_takes_what_brought_no_records(item: EndpointCapture, *, taken: bool) -> None:
    assert FailedFilter({}).accepts(item) is taken


@pytest.mark.parametrize("kind", [DatasetFilter, RejectedFilter, FailedFilter])
def test_items_of_other_spiders_are_not_taken(kind: type[DatasetFilter | RejectedFilter | FailedFilter]) -> None:
    assert not kind({"dataset": None}).accepts({"endpoint": "evaluations"})
