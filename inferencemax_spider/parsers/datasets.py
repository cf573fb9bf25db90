"""The live API's further datasets: evaluations, reliability, submissions, workflow information.

Their rows are kept as they are, one table per dataset: nested metrics become columns under their own names, anything
else that is nested becomes JSON text. A body of several lists, such as ``{"summary": […], "volume": […]}``, becomes one
table with the column ``section``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pydantic_core import from_json

from inferencemax_spider.parsers.bulk import BodyError, describe

Rows = list[dict[str, Any]]


def read_table(body: bytes) -> pa.Table:
    """Return the rows of the *body* of a dataset as a table.

    Raises:
        BodyError: it is no list of objects, and no object of such lists.
    """
    try:
        document = from_json(body)
    except ValueError as error:
        raise BodyError(describe(body)) from error
    if isinstance(document, list):
        rows = document
    elif isinstance(document, dict) and document and all(isinstance(part, list) for part in document.values()):
        rows = [{"section": name, **_object(row, body)} for name, part in document.items() for row in part]
    else:
        raise BodyError(describe(body))
    return _table([dict(_flat(_object(row, body))) for row in rows])


def _object(row: Any, body: bytes) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BodyError(f"{describe(body)}, with a row that is no object")
    return row


def _flat(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of *row*: metrics one by one, what else is nested as JSON."""
    for name, value in row.items():
        if name == "metrics" and isinstance(value, dict):
            yield from _flat({key if key not in row else f"metrics.{key}": part for key, part in value.items()})
        else:
            yield name, json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _table(rows: Rows) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    """Return *values* as the narrowest type that holds them all; text where they are mixed or absent."""
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = (value if value is None or isinstance(value, str) else json.dumps(value) for value in values)
        return pa.array(list(texts), type=pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def together(tables: Iterable[pa.Table]) -> pa.Table:
    """Return the rows of all *tables*, with the columns of any; a column of different types becomes text."""
    parts = list(tables)
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowTypeError:
        return _table([row for part in parts for row in part.to_pylist()])
