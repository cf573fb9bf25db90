"""The bodies of the static generation: every rule by which a record is refused, and everything else kept."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.demo import Dataset
from inferencemax_spider.items import Fault, Parsed
from inferencemax_spider.parsers import bulk, static_json
from tests.factories import RECORDED, Row, body, endpoint, needs_recordings, row, rows

FIELDS = ("x", "y", "conc", "tp", "hwKey", "precision", *static_json.CURVES)
HUGE = 10**400
CURVE = {"y": 980.389, "roof": True}
POSITIVE = ("x", "y", "conc", "tp")
NOT_POSITIVE: list[Any] = [
    0,
    -1,
    None,
    "text",
    True,
    [],
    {},
    pytest.param(HUGE, id="huge"),
    pytest.param(-HUGE, id="-huge"),
]


def parse(*records: Any) -> Parsed:
    return static_json.parse(body(*records), endpoint())


def faults_of(record: Any) -> tuple[Fault, ...]:
    """Return the faults of *record*, read between two good ones of which nothing may be lost."""
    parsed = parse(row(conc=1), record, row(conc=2))
    (rejection,) = parsed.rejections
    assert [kept.conc for kept in parsed.records] == [1, 2]
    assert rejection.index == 1
    assert rejection.text == json.dumps(record, ensure_ascii=False)
    return rejection.faults


def faulty_fields(record: Any) -> set[str]:
    return {fault.field for fault in faults_of(record)}


@pytest.mark.parametrize("name", FIELDS)
def test_a_missing_field_is_refused_as_missing(name: str) -> None:
    assert [(fault.field, fault.missing) for fault in faults_of(row(**{name: ...}))] == [(name, True)]


@pytest.mark.parametrize("name", static_json.CURVES)
@pytest.mark.parametrize("inner", ["y", "roof"])
def test_a_missing_part_of_a_curve_is_refused_as_missing(name: str, inner: str) -> None:
    curve = {key: value for key, value in CURVE.items() if key != inner}
    assert [(fault.field, fault.missing) for fault in faults_of(row(**{name: curve}))] == [(f"{name}.{inner}", True)]


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", NOT_POSITIVE)
def test_a_number_that_is_not_positive_and_finite_is_refused(name: str, value: Any) -> None:
    (fault,) = faults_of(row(**{name: value}))
    assert (fault.field, fault.missing) == (name, False)


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_calls_no_number_is_refused_in_its_record_only(name: str, value: float) -> None:
    assert faulty_fields(row(**{name: value})) == {name}


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_number_too_large_for_a_float_is_refused(name: str) -> None:
    text = body(row()).replace(f'"{name}": '.encode(), f'"{name}": 1e999, "was_{name}": '.encode(), 1)
    (rejection,) = static_json.parse(text, endpoint()).rejections
    assert {fault.field for fault in rejection.faults} == {name}


@pytest.mark.parametrize("name", ["conc", "tp"])
@pytest.mark.parametrize("value", [16.5, 16.0, 2**53 + 1, 2**63, 2**64])
def test_a_count_that_is_no_exact_whole_number_is_refused(name: str, value: float) -> None:
    assert faulty_fields(row(**{name: value})) == {name}


@pytest.mark.parametrize("name", ["conc", "tp"])
def test_the_largest_exact_count_is_kept(name: str) -> None:
    (kept,) = parse(row(**{name: 2**53})).records
    assert getattr(kept, name) == 2**53


@pytest.mark.parametrize(
    "hwkey",
    [
        "",
        "B200",
        "b200 trt",
        "b200_",
        "_trt",
        "b200__trt",
        "200b",
        "b200-trt",
        "b200_trt\n",
        "b200_trt-",
        None,
        200,
        "bß",
    ],
)
def test_a_malformed_hwkey_is_refused(hwkey: Any) -> None:
    assert faulty_fields(row(hwKey=hwkey)) == {"hwKey"}


@pytest.mark.parametrize("hwkey", ["b200", "b200_trt", "gb200_mtp", "b200_trt_mtp", "gb200_dynamo-trt", "mi300x"])
def test_a_hwkey_of_either_year_is_kept(hwkey: str) -> None:
    assert [kept.hwKey for kept in parse(row(hwKey=hwkey)).records] == [hwkey]


@pytest.mark.parametrize("value", ["", None, 8, True, ["fp8"]])
def test_a_precision_that_is_no_text_is_refused(value: Any) -> None:
    assert faulty_fields(row(precision=value)) == {"precision"}


@pytest.mark.parametrize("name", static_json.CURVES)
@pytest.mark.parametrize("value", [1, 0, "true", None, []])
def test_a_roof_that_is_no_truth_value_is_refused(name: str, value: Any) -> None:
    assert faulty_fields(row(**{name: CURVE | {"roof": value}})) == {f"{name}.roof"}


@pytest.mark.parametrize("name", static_json.CURVES[1:])
@pytest.mark.parametrize("value", [True, "0.3", None, float("nan"), float("inf"), pytest.param(HUGE, id="huge")])
def test_a_value_of_a_curve_that_is_no_finite_number_is_refused(name: str, value: Any) -> None:
    assert faulty_fields(row(**{name: CURVE | {"y": value}})) == {f"{name}.y"}


@pytest.mark.parametrize("name", static_json.CURVES)
@pytest.mark.parametrize("value", [None, 1.5, [1.5, True], "text"])
def test_a_curve_that_is_no_object_is_refused(name: str, value: Any) -> None:
    assert faulty_fields(row(**{name: value})) == {name}


def test_a_record_whose_y_is_not_that_of_its_curve_is_refused() -> None:
    (fault,) = faults_of(row(100.5, tpPerGpu={"y": 100.6, "roof": True}))
    assert fault == Fault("y", "y is not equal to tpPerGpu.y")


@pytest.mark.parametrize("record", [None, 1, "row", [], [row()], True])
def test_an_element_that_is_no_record_is_refused(record: Any) -> None:
    assert faulty_fields(record) == {"record"}


def test_all_faults_of_a_record_are_named() -> None:
    assert faulty_fields(row(x=0, tp=True, precision=..., costh={"y": "1"})) == {
        "x",
        "tp",
        "precision",
        "costh.y",
        "costh.roof",
    }


def test_whole_numbers_are_numbers() -> None:
    (kept,) = parse(row(980, x=7, costh={"y": 0, "roof": False})).records
    assert (kept.x, kept.y, kept.tpPerGpu_y, kept.costh_y) == (7.0, 980.0, 980.0, 0.0)


@given(st.floats(min_value=5e-324, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_through_to_the_last_bit(x: float, cost: float) -> None:
    (kept,) = parse(row(x=x, costr={"y": cost, "roof": False})).records
    assert (kept.x, kept.costr_y) == (x, cost)


def test_unknown_fields_are_kept_as_they_were_nested_and_counted() -> None:
    unknown = {"image": "v1", "list": [{"a": "},{"}, None], "empty": None}
    parsed = parse(
        row(conc=1),
        row(conc=2, **unknown),
        row(conc=3, costh=CURVE | {"edition": {"name": "ü"}}, image="v2"),
    )
    assert [kept.extra and json.loads(kept.extra) for kept in parsed.records] == [
        None,
        unknown,
        {"image": "v2", "costh": {"edition": {"name": "ü"}}},
    ]
    assert parsed.unknown_fields == Counter({"image": 2, "list": 1, "empty": 1, "costh.edition": 1})
    assert not parsed.rejections


@pytest.mark.parametrize("name", static_json.CURVES)
def test_unknown_fields_are_found_also_where_they_are_nested_only(name: str) -> None:
    parsed = parse(row(), row(**{name: CURVE | {"edition": 1}}))
    assert [kept.extra and json.loads(kept.extra) for kept in parsed.records] == [None, {name: {"edition": 1}}]
    assert parsed.unknown_fields == Counter({f"{name}.edition": 1})


def test_a_body_of_many_pieces_gives_what_one_piece_gives() -> None:
    served = [one | {"x": -1} if place % 5 == 0 else one | {"n": place} for place, one in enumerate(rows(40))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "PIECE_BYTES", 1000)
        in_pieces = parse(*served)
    whole = parse(*served)
    assert in_pieces.records.table.equals(whole.records.table)
    assert (in_pieces.rejections, in_pieces.unknown_fields) == (whole.rejections, whole.unknown_fields)
    assert len(in_pieces.rejections) == 8


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
NEW_NAMES = st.text().filter(lambda name: name not in FIELDS)


@given(st.dictionaries(NEW_NAMES, JSON_VALUES, max_size=3))
def test_any_unknown_fields_come_back_from_extra(unknown: dict[str, Any]) -> None:
    parsed = parse(row(**unknown))
    (kept,) = parsed.records
    assert json.loads(kept.extra or "{}") == unknown
    assert parsed.unknown_fields == Counter(unknown.keys())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_extra_is_json_even_where_an_unknown_field_is_not(value: float) -> None:
    def strict(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    (kept,) = parse(row(note=value)).records
    assert kept.extra
    assert "note" in json.loads(kept.extra, parse_constant=strict)


def test_an_integer_beyond_any_column_is_kept_in_extra() -> None:
    (kept,) = parse(row(id=2**80)).records
    assert kept.extra
    assert json.loads(kept.extra) == {"id": 2**80}


def test_a_rejected_record_is_not_counted_among_unknown_fields() -> None:
    assert parse(row(x=0, image="v1")).unknown_fields == Counter()


def test_repeated_records_are_all_kept() -> None:
    assert len(parse(row(), row(), row()).records) == 3


def test_an_envelope_gives_the_same_as_its_array() -> None:
    served = [*rows(5), row(x=0)]
    wrapped = json.dumps({"data": served, "gpus": ["b200", {"data": []}]}).encode()
    assert list(static_json.parse(wrapped, endpoint()).records) == list(parse(*served).records)
    assert static_json.parse(wrapped, endpoint()).rejections == parse(*served).rejections


@pytest.mark.parametrize("empty", [b"[]", b" [ ] ", b'{"data": [], "gpus": []}'])
def test_an_empty_array_is_no_error(empty: bytes) -> None:
    parsed = static_json.parse(empty, endpoint())
    assert (len(parsed.records), parsed.rejections) == (0, [])


def test_what_the_demo_site_serves_is_read_without_a_fault() -> None:
    dataset = Dataset()
    for at in dataset.paths().values():
        content = dataset.body(*at)
        parsed = static_json.parse(content, endpoint(data_type=at.data_type))
        assert (parsed.rejections, parsed.unknown_fields) == ([], Counter())
        assert [flat(kept) for kept in parsed.records] == [flat_row(one) for one in json.loads(content)]


@needs_recordings
def test_what_was_recorded_is_read_without_a_fault() -> None:
    for expected in json.loads((RECORDED / "expected.json").read_text()):
        content = (RECORDED / expected["path"].lstrip("/")).read_bytes()
        parsed = static_json.parse(content, endpoint())
        assert (len(parsed.records), parsed.rejections, parsed.unknown_fields) == (expected["records"], [], Counter())
        assert Counter(kept.hwKey for kept in parsed.records) == expected["hwkeys"]
        assert [flat(kept) for kept in parsed.records] == [flat_row(one) for one in json.loads(content)]


NOT_SERVED = {"source", "model_name", "sequence_length", "data_type", "extra"}


def flat(kept: Any) -> Row:
    """Return what a record holds beside its endpoint."""
    whole: Row = kept.model_dump(include=set(static_json.LAYOUT.columns) - NOT_SERVED)
    return whole


def flat_row(served: Row) -> Row:
    """Return the served row as the files flatten it, written down anew."""
    plain = {name: served[name] for name in FIELDS if name not in static_json.CURVES}
    nested = {f"{name}_{part}": served[name][part] for name in static_json.CURVES for part in ("y", "roof")}
    return plain | nested
