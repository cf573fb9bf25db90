"""Bodies as rows and rejections: the same whatever the size of a piece, and the rejections exactly as received."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from inferencemax_spider.items import Rejection
from inferencemax_spider.parsers import bulk
from tests.parsers.test_spans import LAYOUTS, MARGINS, TRICKY


@with_config(ConfigDict(strict=True, extra="allow"))
class Point(TypedDict):
    x: Annotated[int, Field(gt=0)]


POINTS = TypeAdapter(list[Point])
OBJECTS = st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(st.integers(), TRICKY), max_size=2)
# Unknown fields with what looks like the boundary between two records.
UNKNOWN = st.dictionaries(st.sampled_from(["note", "list"]), st.one_of(TRICKY, st.lists(OBJECTS), OBJECTS), max_size=2)
GOOD = st.builds(lambda rest, x: rest | {"x": x}, UNKNOWN, st.integers(1, 5))
BAD = st.one_of(st.builds(lambda rest, x: rest | {"x": x}, UNKNOWN, st.sampled_from([0, -1, "1", None])), UNKNOWN)
OTHERS = st.one_of(st.none(), st.integers(), TRICKY, st.lists(OBJECTS))
RECORDS = st.lists(st.one_of(GOOD, BAD, OTHERS), max_size=12)
PIECES = st.sampled_from([1, 2, 7, 40, 10_000])
TRIES = st.sampled_from([0, 1, 64])


def read(
    body: bytes, piece_bytes: int = bulk.PIECE_BYTES, tries: int = bulk.BOUNDARY_TRIES
) -> tuple[list[Any], list[Rejection]]:
    """Return the rows and the rejections of *body* when it is read in pieces of that size."""
    rows: list[Any] = []
    rejections: list[Rejection] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "PIECE_BYTES", piece_bytes)
        patch.setattr(bulk, "BOUNDARY_TRIES", tries)
        for some, refused in bulk.validated(body, POINTS):
            rows += some
            rejections += refused
    return rows, rejections


def refusal(body: bytes) -> str:
    with pytest.raises(bulk.BodyError) as caught:
        read(body)
    return str(caught.value)


def is_good(record: Any) -> bool:
    return isinstance(record, dict) and type(record.get("x")) is int and record["x"] > 0


@given(RECORDS, LAYOUTS, MARGINS, PIECES, TRIES)
def test_rows_are_the_good_records_whatever_the_size_of_a_piece(
    records: list[Any], layout: dict[str, Any], margin: str, piece_bytes: int, tries: int
) -> None:
    body = f"{margin}{json.dumps(records, **layout)}{margin}".encode()
    rows, rejections = read(body, piece_bytes, tries)
    assert rows == [record for record in records if is_good(record)]
    assert [rejection.index for rejection in rejections] == [
        index for index, record in enumerate(records) if not is_good(record)
    ]


@given(st.lists(st.tuples(st.one_of(GOOD, BAD, OTHERS), LAYOUTS), max_size=12), PIECES, TRIES)
def test_rejections_have_the_exact_text_whatever_the_size_of_a_piece(
    written: list[tuple[Any, dict[str, Any]]], piece_bytes: int, tries: int
) -> None:
    texts = [json.dumps(record, **layout) for record, layout in written]
    _, rejections = read(f"[{' , '.join(texts)} ]".encode(), piece_bytes, tries)
    bad = [text for text, (record, _) in zip(texts, written, strict=True) if not is_good(record)]
    assert [rejection.text for rejection in rejections] == bad


@pytest.mark.parametrize("data_first", [False, True])
@given(records=RECORDS, layout=LAYOUTS, piece_bytes=PIECES)
def test_an_envelope_holds_what_the_array_does(
    records: list[Any], layout: dict[str, Any], piece_bytes: int, *, data_first: bool
) -> None:
    array = json.dumps(records, **layout).encode()
    before, after = (b"", b', "gpus": ["b200", "},{"]') if data_first else (b'"gpus": [{"data": []}],', b"")
    assert read(b"{ " + before + b'"data": ' + array + after + b"}", piece_bytes) == read(array)


def test_a_large_body_is_read_in_several_pieces() -> None:
    body = json.dumps([{"x": 1}] * 100).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "PIECE_BYTES", 50)
        sizes = [len(rows) for rows, _ in bulk.validated(body, POINTS)]
    assert sum(sizes) == 100
    assert max(sizes) < 20


def test_faults_name_the_field_and_tell_missing_from_wrong() -> None:
    _, rejections = read(b'[{"x": 0}, {"x": 1}, {}, 7]')
    assert [(one.index, [(fault.field, fault.missing) for fault in one.faults]) for one in rejections] == [
        (0, [("x", False)]),
        (2, [("x", True)]),
        (3, [("record", False)]),
    ]
    assert "greater than 0" in rejections[0].faults[0].reason


NO_JSON = [
    b"[",
    b"]",
    b"{",
    b"[{]",
    b"[1,]",
    b"[,]",
    b"[]]",
    b"[] []",
    b"[{}",
    b'[{"x":1}',
    b'[{"x":1},',
    b'[{"x":1} {"x":2}]',
    b"[{'x':1}]",
    b'[{"x":01}]',
    b"[\xff]",
    b'[{"x":1,"note":"\xff"}]',
    b'[{"x":1,"note":"\n"}]',
    b"\x0c[]",
    b"[]\x0b",
    b"[]\0",
    b'{"data":[]',
    b'{"data":[]]',
    b'{"data":[]}garbage',
    b'{"data":[]}}',
    b'{"data":[],}',
    b'{"data":[] "gpus":[]}',
    b'{"data"=[]}',
    b'{"data"::[]}',
    b"{[1]: 2}",
    b"{data: []}",
    b'{"data":[],"gpus":"\xff"}',
    b'{"data":[],"gpus":nope}',
]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_not_json_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        json.loads(body)
    assert "JSON" in refusal(body)


@pytest.mark.parametrize("in_envelope", [False, True])
@given(records=st.lists(GOOD, max_size=4), data=st.data())
def test_a_body_that_was_cut_off_anywhere_is_refused(
    records: list[Any], data: st.DataObject, *, in_envelope: bool
) -> None:
    whole = json.dumps({"gpus": [], "data": records} if in_envelope else records).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert "JSON" in refusal(whole[:cut])


@given(st.lists(GOOD, min_size=3, max_size=8), st.data())
def test_a_body_that_was_cut_off_is_refused_whatever_the_size_of_a_piece(
    records: list[Any], data: st.DataObject
) -> None:
    whole = json.dumps(records).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(bulk.BodyError):
        read(whole[:cut], data.draw(PIECES), data.draw(TRIES))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty body where JSON was expected"),
        (b" \n", "empty body where JSON was expected"),
        (b"<!DOCTYPE html><html></html>", "HTML where JSON was expected"),
        (b"  <html>", "HTML where JSON was expected"),
        (b'[{"x": 1}, {"x"', "truncated JSON"),
        (b"nonsense", "not valid JSON"),
        (b'{"error": "gone", "code": 7}', "an object with the keys 'error', 'code'"),
        (b"{}", "an object with the keys none"),
        (b'{"data": {"x": 1}}', "an object whose 'data' is no array"),
        (b'"text"', "str where an array"),
        (b"17", "int where an array"),
    ],
)
def test_what_a_body_is_instead_is_told_in_one_line(body: bytes, told: str) -> None:
    message = refusal(body)
    assert told in message
    assert "\n" not in message


def test_a_message_stays_short_for_an_object_with_many_keys() -> None:
    assert len(refusal(json.dumps(dict.fromkeys(map(str, range(1000)))).encode())) < 200
