"""Records as columns: typed from the model, given out as models, and repeated identities found."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.parsers.static_json import LAYOUT
from inferencemax_spider.records import METRICS, BenchmarkRecord, Layout, Records, field
from tests.factories import body, endpoint, row, rows

FEW_IDENTITIES = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from(["b200", "b200_trt"]), st.sampled_from(["fp4", "fp8"]))
)


def records_of(*served: dict[str, Any], at: Endpoint | None = None) -> Records:
    return static_json.parse(body(*served), at or endpoint()).records


def test_the_schema_has_the_columns_of_the_layout_in_their_order() -> None:
    assert tuple(LAYOUT.schema.names) == LAYOUT.columns


@pytest.mark.parametrize("layout", [LAYOUT, api_v1.LATEST, api_v1.HISTORY])
def test_the_columns_of_every_layout_are_fields_of_the_record_or_metrics(layout: Layout) -> None:
    declared = {*BenchmarkRecord.model_fields, *METRICS} - {"metrics"}
    assert set(layout.columns) <= declared
    assert set(layout.further) <= declared
    assert set(layout.identity) <= set(layout.columns)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model_name", pa.string()),
        ("conc", pa.int64()),
        ("x", pa.float64()),
        ("costh_roof", pa.bool_()),
        ("p99.9_ttft", pa.float64()),
        ("extra", pa.string()),
    ],
)
def test_columns_are_typed_from_the_model(name: str, kind: pa.DataType) -> None:
    assert field(name) == pa.field(name, kind)


def test_every_column_is_described() -> None:
    assert all(field.description for field in BenchmarkRecord.model_fields.values())


def test_records_are_given_out_as_they_were_served() -> None:
    served = rows(20)
    given = list(records_of(*served))
    assert [(record.x, record.y, record.conc, record.tp, record.hwKey, record.precision) for record in given] == [
        (one["x"], one["y"], one["conc"], one["tp"], one["hwKey"], one["precision"]) for one in served
    ]
    assert [(record.costh_y, record.costh_roof) for record in given] == [
        (one["costh"]["y"], one["costh"]["roof"]) for one in served
    ]
    assert {(record.model_name, record.sequence_length, record.data_type) for record in given} == {
        (endpoint().model, endpoint().sequence, endpoint().data_type)
    }


@given(st.integers(0, 9), st.slices(9))
def test_records_are_a_sequence_like_a_list(count: int, part: slice) -> None:
    records = records_of(*rows(count))
    as_list = list(records)
    assert len(records) == count
    assert list(records[part]) == as_list[part]
    assert [records[index] for index in range(-count, count)] == as_list * 2


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_outside_is_refused(index: int) -> None:
    with pytest.raises(IndexError):
        records_of(*rows(3))[index]


def test_no_records_have_the_same_columns() -> None:
    assert len(Records(LAYOUT)) == 0
    assert Records(LAYOUT).table.schema == records_of(row()).table.schema == LAYOUT.schema


@given(FEW_IDENTITIES)
def test_repeated_identities_are_those_that_stand_more_than_once(keys: list[tuple[int, str, str]]) -> None:
    records = records_of(*(row(conc=conc, hwKey=hwkey, precision=precision) for conc, hwkey, precision in keys))
    found = {
        (identity["conc"], identity["hwKey"], identity["precision"]): identity["count"]
        for identity in records.repeated()
    }
    assert found == {key: count for key, count in Counter(keys).items() if count > 1}


def test_a_repeated_identity_says_all_that_it_consists_of() -> None:
    (identity,) = records_of(row(), row(x=9.0), row(conc=17)).repeated()
    assert tuple(identity) == (*LAYOUT.identity, "count")


@pytest.mark.parametrize("name", ["conc", "tp", "hwKey", "precision"])
def test_records_that_differ_in_one_part_of_their_identity_are_not_repeated(name: str) -> None:
    other = {"conc": 99, "tp": 8, "hwKey": "b200", "precision": "int4"}[name]
    assert records_of(row(), row(**{name: other})).repeated() == []
