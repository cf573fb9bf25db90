"""What a request did not ask for is told from what it did, and counted."""

from __future__ import annotations

import pyarrow as pa
import pytest

from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.asked import sifted
from inferencemax_spider.parsers.bulk import BodyError

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
    ("query", "refusal"),
    [
        ("date=2026-03-01", "1 rows of 2026-03-02, where 2026-03-01 or earlier was asked for"),
        ("date=2026-03-02", None),
        ("date=2026-03-01&exact=true", "2 rows of 2026-03-02, where 2026-03-01 was asked for"),
    ],
)
def test_an_answer_with_rows_of_another_day_is_refused(query: str, refusal: str | None) -> None:
    endpoint = Endpoint(0, f"{SITE}?model=M&{query}", "M")
    if refusal is None:
        assert sifted(MIXED, endpoint, ()) == (MIXED, {})
        return
    with pytest.raises(BodyError) as error:
        sifted(MIXED, endpoint, ())
    assert str(error.value) == refusal


@pytest.mark.parametrize(("sequence", "kept"), [("1k-8k", 3), ("1k-1k", 1), ("agentic-traces", 1), ("8k-1k", 0)])
def test_a_row_of_a_history_is_of_the_sequence_that_was_asked_for(sequence: str, kept: int) -> None:
    table, counts = sifted(MIXED, Endpoint(0, f"{SITE}/history?model=M", "M", sequence, dataset="history"), ())
    assert table.num_rows == kept
    assert counts.total() == MIXED.num_rows - kept
    assert f"sequence {sequence}" not in counts


def test_a_row_with_several_faults_is_counted_once() -> None:
    endpoint = Endpoint(0, f"{SITE}/history?model=GLM-5", "GLM-5", "1k-1k", dataset="history")
    table, counts = sifted(MIXED, endpoint, LISTED)
    assert counts == {"model key dsr1": 1, "sequence 1k-8k": 2, "sequence agentic-traces": 1}
    assert table.num_rows == 1
