"""Records of either generation in one shape, so that versions can be laid side by side.

In the static generation a record is one point: ``data_type`` says whether its ``x`` is a latency or an interactivity.
In the live API a record holds both. Here the axes are two columns in either case, ``e2e_x`` and ``inter_x``, so that
seconds are never taken together with tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider import catalog
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.parsers.derived import AGENTIC

AXES = {"e2e": "e2e_x", "interactivity": "inter_x"}
POINT_KEY = static_json.LAYOUT.identity
ALWAYS = tuple(name for name in POINT_KEY if name != "data_type")
"""What every generation has."""
RECORD_KEY = tuple(dict.fromkeys((*api_v1.NATURAL_KEY[:3], "hwKey", "precision", "conc", *api_v1.NATURAL_KEY)))


def comparable(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table, tuple[str, ...]]:
    """Return both tables in one shape, and the columns that are their natural key.

    Within a generation these are the identity of its layout and hwKey. Between the two, a row of the live API stands
    for its two points, and models go by their display names of the live API.

    Raises:
        OperationalError: the tables hold no records that can be compared.
    """
    old, new = _of_one_type(old, new)
    if one_point(old) and one_point(new):
        return with_axes(old), with_axes(new), POINT_KEY
    if one_point(old) or one_point(new):
        return _points(old), _points(new), POINT_KEY
    key = tuple(name for name in RECORD_KEY if name in old.column_names and name in new.column_names)
    return _spelt_out(old), _spelt_out(new), key


def one_point(table: pa.Table) -> bool:
    """Tell whether a row of *table* is one point of a curve; if not, it is a record with a place on either axis."""
    return "data_type" in table.column_names


def with_axes(table: pa.Table) -> pa.Table:
    """Return *table* with the column ``x``, if it has one, as the two columns ``e2e_x`` and ``inter_x``."""
    if "x" not in table.column_names:
        return table
    nothing = pa.scalar(None, pa.float64())
    for data_type, name in AXES.items():
        table = table.append_column(name, pc.if_else(pc.equal(table["data_type"], data_type), table["x"], nothing))
    return table.drop_columns("x")


def with_display_names(table: pa.Table) -> pa.Table:
    """Return *table* with the models of the static generation under the names that the live API has for them."""
    return _replaced(table, "model_name", _mapped(display_name, table["model_name"]))


def display_name(model: str) -> str:
    """Return the live API's display name of what *model* names in either generation; itself if there is none.

    >>> display_name("Llama 3.3 70B Instruct"), display_name("kimik2.6"), display_name("Brand new 7B")
    ('Llama-3.3-70B-Instruct-FP8', 'Kimi-K2.5', 'Brand new 7B')
    """
    spellings: tuple[str, ...] = ()
    with suppress(catalog.UnknownNameError):
        spellings = catalog.find("model", model, catalog.MODELS).spellings
    names = (catalog.find_text(text, catalog.API_MODELS) for text in (model, *spellings))
    return next(filter(None, names), model)


def of_models(table: pa.Table, models: Iterable[str]) -> pa.Table:
    """Return the rows of *table* that are of these *models*, named as in either generation."""
    wanted = {display_name(text).casefold() for text in models}
    there = table["model_name"].unique().drop_null().to_pylist()
    chosen = [name for name in there if display_name(name).casefold() in wanted]
    return table.filter(pc.is_in(table["model_name"], pa.array(chosen, pa.string())))


def _of_one_type(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return both tables, with the columns that both have of the type that they have in the old one."""
    for table in (old, new):
        if missing := [name for name in ALWAYS if name not in table.column_names]:
            raise OperationalError(f"these are no records of benchmarks: there is no column {missing[0]!r}")
    types = {field.name: field for field in old.schema}
    try:
        return old, new.cast(pa.schema([types.get(field.name, field) for field in new.schema]))
    except pa.ArrowInvalid as error:
        raise OperationalError(f"the columns of the two versions differ in type: {error}") from error


def _points(table: pa.Table) -> pa.Table:
    """Return *table* with a row per point, those of one data type after the other."""
    if one_point(table):
        return with_display_names(with_axes(table))
    halves = []
    for data_type in AXES:
        half = table.append_column("data_type", pa.repeat(data_type, table.num_rows))
        for other in AXES.keys() - {data_type}:
            half = _replaced(half, AXES[other], pa.nulls(table.num_rows, pa.float64()))
        halves.append(half)
    return pa.concat_tables(halves)


def _spelt_out(table: pa.Table) -> pa.Table:
    """Return *table* with the benchmark type and the offload mode that rows had before the site began to name them."""
    if {"isl", "benchmark_type", "offload_mode"} <= {*table.column_names}:
        kind = pc.if_else(pc.is_null(table["isl"]), AGENTIC, "single_turn")
        table = _replaced(table, "benchmark_type", pc.coalesce(table["benchmark_type"], kind))
        table = _replaced(table, "offload_mode", pc.fill_null(table["offload_mode"], "off"))
    return table


def _mapped(function: Callable[[str], str], column: pa.ChunkedArray) -> pa.Array:
    """Return *function* of the texts in *column*, called once for each different one."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = [function(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(texts, type=pa.string()).take(encoded.indices)


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
