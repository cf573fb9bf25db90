"""CSV text: what a reader gets back is what was written, to the last bit and the last line break."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inferencemax_spider.exporters import csv_text

TRICKY = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", " lead", "trail ", "ü,\u2028", "a\tb", "'", "None", "\0"])
TEXTS = st.one_of(st.text(), TRICKY, st.lists(TRICKY).map("".join))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 9),
        *(st.one_of(st.none(), values) for values in (TEXTS, FLOATS, COUNTS, st.booleans())),
    ),
    max_size=20,
)
TYPES = {"row": pa.int64(), "text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
BATCHES = st.sampled_from([1, 3, csv_text.ROWS_AT_ONCE])


def table_of(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(TYPES)
    return pa.table({name: pa.array(list(cells), TYPES[name]) for name, cells in zip(TYPES, columns, strict=True)})


def written(table: pa.Table, rows_at_once: int = csv_text.ROWS_AT_ONCE) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "ROWS_AT_ONCE", rows_at_once)
        return b"".join([csv_text.csv_header(table.column_names), *csv_text.csv_rows([table])])


def cells_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def value_of(cell: str, kind: pa.DataType) -> Any:
    """Return what *cell* stands for, as a reader who knows the column's type takes it."""
    if cell == "":
        return None
    if pa.types.is_boolean(kind):
        return {"True": True, "False": False}[cell]
    return {pa.string(): str, pa.int64(): int, pa.float64(): float}[kind](cell)


@given(ROWS, BATCHES)
def test_csv_reader_gives_back_the_values(rows: list[tuple[Any, ...]], rows_at_once: int) -> None:
    header, *lines = cells_of(written(table_of(rows), rows_at_once))
    assert header == list(TYPES)
    read = [tuple(value_of(cell, kind) for cell, kind in zip(line, TYPES.values(), strict=True)) for line in lines]
    # CSV has one way to write an empty text and nothing at all.
    assert read == [(row[0], row[1] or None, *row[2:]) for row in rows]


@given(ROWS, BATCHES)
def test_pandas_gives_back_the_values(rows: list[tuple[Any, ...]], rows_at_once: int) -> None:
    assume(not any("\0" in (row[1] or "") for row in rows))  # pandas ends a text there
    frame = pd.read_csv(
        io.BytesIO(written(table_of(rows), rows_at_once)),
        dtype={"row": "int64", "text": "str", "number": "float64", "count": "Int64", "flag": "boolean"},
        keep_default_na=False,
        na_values={name: [""] for name in TYPES},
    )
    assert list(frame.columns) == list(TYPES)
    read = [tuple(None if pd.isna(value) else value for value in line) for line in frame.itertuples(index=False)]
    assert read == [(row[0], row[1] or None, *row[2:]) for row in rows]


@given(ROWS, st.integers(0, 20), st.integers(0, 20))
def test_a_part_of_a_table_is_written_like_a_table_of_its_own(
    rows: list[tuple[Any, ...]], start: int, length: int
) -> None:
    part = rows[start : start + length]
    assert written(table_of(rows).slice(start, length)) == written(table_of(part))


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_a_table_of_several_chunks_is_written_as_one(chunks: list[list[tuple[Any, ...]]]) -> None:
    whole = pa.concat_tables(map(table_of, chunks))
    assert written(whole) == written(table_of([row for chunk in chunks for row in chunk]))


@given(st.lists(st.text(), min_size=1).filter(lambda names: names != [""]))
def test_a_header_gives_back_its_names(names: list[str]) -> None:
    assert cells_of(csv_text.csv_header(names)) == [names]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (6.0, "6"),
        (0.317, "0.317"),
        (547703.416, "547703.416"),
        (True, "True"),
        (False, "False"),
        (None, ""),
        ("plain text", "plain text"),
        ("a,b", '"a,b"'),
        ('say "a"', '"say ""a"""'),
        (2**53, "9007199254740992"),
    ],
)
def test_a_cell_is_spelt_as_the_predecessor_did(value: Any, cell: str) -> None:
    table = pa.table({"first": [1], "second": [value]})
    assert b"".join(csv_text.csv_rows([table])).decode() == f"1,{cell}\n"


def test_negative_zero_keeps_its_sign() -> None:
    (cell,) = cells_of(b"".join(csv_text.csv_rows([pa.table({"x": [-0.0]})])))[0]
    assert math.copysign(1, float(cell)) == -1


@pytest.mark.parametrize("value", [None, ""])
def test_a_row_whose_only_cell_is_empty_is_still_a_row(value: str | None) -> None:
    content = written(pa.table({"extra": pa.array(["a", value, "b"], pa.string())}))
    assert [line[0] for line in cells_of(content)] == ["extra", "a", "", "b"]


def test_no_rows_are_no_lines() -> None:
    assert written(table_of([])) == b"row,text,number,count,flag\n"
