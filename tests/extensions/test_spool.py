"""Tables that are held back: each comes out as it went in, in the order of the indexes."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.extensions.spool import Spool
from inferencemax_spider.parsers import static_json
from tests.factories import body, endpoint, rows

TABLES = st.dictionaries(st.integers(0, 50), st.lists(st.one_of(st.none(), st.text()), max_size=8), max_size=8)


@given(TABLES, st.randoms(use_true_random=False))
def test_tables_come_out_by_index(texts: dict[int, list[str | None]], rng: object) -> None:
    arrival = list(texts)
    rng.shuffle(arrival)  # type: ignore[attr-defined]
    held = Spool()
    for index in arrival:
        held.add(index, pa.table({"text": pa.array(texts[index], pa.string())}))
    assert [table["text"].to_pylist() for table in held.tables(arrival)] == [texts[index] for index in sorted(texts)]
    assert list(held.tables(())) == []
    assert all(held.table(index)["text"].to_pylist() == texts[index] for index in texts)


def test_a_table_can_be_added_after_another_was_read() -> None:
    held = Spool()
    held.add(0, pa.table({"x": [1]}))
    held.add(1, pa.table({"x": [2]}))
    held.table(0)
    held.add(2, pa.table({"x": [3]}))
    assert [table["x"].to_pylist() for table in held.tables({0, 1, 2})] == [[1], [2], [3]]


def test_records_come_out_with_their_types_and_nulls() -> None:
    table = static_json.parse(body(*rows(10)), endpoint()).records.table
    held = Spool()
    held.add(3, table)
    assert held.table(3).equals(table)
    assert held.table(3).schema == table.schema


def test_a_table_that_is_there_already_is_not_kept_twice() -> None:
    held = Spool()
    held.add(0, pa.table({"x": [1]}))
    held.add(0, pa.table({"x": [2]}))
    assert [table["x"].to_pylist() for table in held.tables({0})] == [[1]]


def test_a_table_outlives_the_next_ones_and_the_spool() -> None:
    held = Spool()
    for index in range(3):
        held.add(index, pa.table({"x": list(range(100_000 * index, 100_000 * index + 100_000))}))
    first, *_ = held.tables({0, 1, 2})
    del held, _
    assert first["x"][99_999].as_py() == 99_999
