"""What a request did not ask for is told from what it did, and counted."""

from __future__ import annotations

import pyarrow as pa
import pytest

from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.asked import sifted

SITE = "http://127.0.0.1/api/v1/benchmarks"
LISTED = ("DeepSeek-R1-0528", "GLM-5", "Brand-New")


def rows(*entries: tuple[str, int | None, int | None, str]) -> pa.Table:
    return pa.table(dict(zip(("model", "isl", "osl", "date"), map(list, zip(*entries, strict=True)), strict=True)))


MIXED = rows(
    ("dsr1", 1024, 8192, "2026-03-01"),
    ("glm5", 1024, 8192, "2026-03-01"),
    ("glm5.1", 1024, 1024, "2026-02-01"),
    ("glm5", None, None, "2026-03-02"),
    ("unheard-of", 1024, 8192, "2026-03-01"),
)


@pytest.mark.parametrize(
    ("model", "listed", "unasked"),
    [
        ("GLM-5", LISTED, {"model key dsr1": 1}),
        ("DeepSeek-R1-0528", LISTED, {"model key glm5": 2, "model key glm5.1": 1}),
        ("Brand-New", LISTED, {"model key dsr1": 1, "model key glm5": 2, "model key glm5.1": 1}),
        ("DeepSeek-R1", ("DeepSeek-R1", "GLM-5"), {"model key glm5": 2, "model key glm5.1": 1}),
        ("GLM-5", (), {}),
    ],
    ids=["a known model", "another", "a new model", "a renamed model", "a site that lists none"],
)
def test_a_row_is_of_another_model_when_its_key_belongs_to_another_listed_name(
    model: str, listed: tuple[str, ...], unasked: dict[str, int]
) -> None:
    table, counts = sifted(MIXED, Endpoint(0, f"{SITE}?model={model}", model), listed)
    assert counts == unasked
    assert table.num_rows + counts.total() == MIXED.num_rows
    assert {f"model key {key}" for key in table["model"].to_pylist()}.isdisjoint(unasked)


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", {"2026-02-01", "2026-03-01", "2026-03-02"}),
        ("date=2026-03-01", {"2026-02-01", "2026-03-01"}),
        ("date=2026-03-01&exact=true", {"2026-03-01"}),
    ],
)
def test_a_row_is_of_a_day_that_was_asked_for(query: str, days: set[str]) -> None:
    table, counts = sifted(MIXED, Endpoint(0, f"{SITE}?model=M&{query}", "M"), ())
    assert set(table["date"].to_pylist()) == days
    assert {what.partition(" ")[2] for what in counts} == set(MIXED["date"].to_pylist()) - days


@pytest.mark.parametrize(("sequence", "kept"), [("1k-8k", 3), ("1k-1k", 1), ("agentic-traces", 1), ("8k-1k", 0)])
def test_a_row_of_a_history_is_of_the_sequence_that_was_asked_for(sequence: str, kept: int) -> None:
    table, counts = sifted(MIXED, Endpoint(0, f"{SITE}/history?model=M", "M", sequence, dataset="history"), ())
    assert table.num_rows == kept
    assert counts.total() == MIXED.num_rows - kept
    assert f"sequence {sequence}" not in counts


def test_a_row_with_several_faults_is_counted_once() -> None:
    table, counts = sifted(MIXED, Endpoint(0, f"{SITE}?model=GLM-5&date=2026-02-01", "GLM-5"), LISTED)
    assert counts == {"model key dsr1": 1, "day 2026-03-01": 2, "day 2026-03-02": 1}
    assert table.num_rows == 1
