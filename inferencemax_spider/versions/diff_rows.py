"""A difference as tidy rows: one per record and metric, with the record's key."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from inferencemax_spider.versions.diff import Difference, Floats, Values, floats
from inferencemax_spider.versions.keys import DAY, Places

LEADING = ("model_name", "sequence_length", "data_type", "hwKey", "precision", "conc", "tp")
RECORDS_AT_ONCE = 4096


def tables(difference: Difference) -> Iterator[pa.Table]:
    """Yield the rows of *difference*: of the removed records, of the added ones, and of the changed ones.

    The columns are ``change`` (``removed``, ``added``, ``changed``), the key of the record, its ``date_old`` and
    ``date_new`` where records have one, ``metric``, ``old``, ``new`` and ``relative``. A removed or added record has a
    row for each metric that it has, and one without a metric if it has none; a changed one for each that changed.
    """
    nowhere = np.empty(0, dtype=np.int64)
    yield from _rows(difference, "removed", difference.matches.removed, nowhere)
    yield from _rows(difference, "added", nowhere, difference.matches.added)
    yield from _rows(difference, "changed", *difference.changed_places)


def _rows(difference: Difference, change: str, old: Places, new: Places) -> Iterator[pa.Table]:
    for start in range(0, max(len(old), len(new)), RECORDS_AT_ONCE):
        part = slice(start, start + RECORDS_AT_ONCE)
        yield _part(difference, change, old[part], new[part])


def _part(difference: Difference, change: str, old: Places, new: Places) -> pa.Table:
    """Return the rows of the records at the places *old* and *new*; one of them is empty where there is no other."""
    number = max(len(old), len(new))
    values = Values(_stacked(difference, "old", old, number), _stacked(difference, "new", new, number))
    shown = values.differ(difference.tolerance)
    bare = ~shown.any(axis=1)
    rows, metrics = np.nonzero(np.column_stack((shown, bare)))
    named = [None if metric == len(difference.metrics) else difference.metrics[metric] for metric in metrics]
    cells = {"change": pa.repeat(change, len(rows))} | _keys(difference, old, new, rows)
    cells["metric"] = pa.array(named, type=pa.string())
    for name in ("old", "new", "relative"):
        numbers = np.column_stack((getattr(values, name), np.full(number, np.nan)))
        cells[name] = pa.array(numbers[rows, metrics], from_pandas=True)
    return pa.table(cells)


def _stacked(difference: Difference, side: str, places: Places, number: int) -> Floats:
    """Return the metrics of the records at these *places*, a column each; nothing but NaN where there are none."""
    if not len(places):
        return np.full((number, len(difference.metrics)), np.nan)
    table = getattr(difference, side).take(places)
    return np.column_stack([floats(table, name) for name in difference.metrics])


def columns(difference: Difference) -> list[str]:
    """Return the names of the columns of :func:`tables`."""
    days = [f"{DAY}_{side}" for side in ("old", "new")] if _dated(difference) else []
    return ["change", *_key(difference), *days, "metric", "old", "new", "relative"]


def _key(difference: Difference) -> list[str]:
    """Return the columns that say which record it is, those that people know it by in the lead."""
    named = (name for name in LEADING if name in difference.old.column_names and name in difference.new.column_names)
    return list(dict.fromkeys((*named, *difference.key)))


def _dated(difference: Difference) -> bool:
    return DAY in difference.old.column_names and DAY in difference.new.column_names


def _keys(difference: Difference, old: Places, new: Places, rows: Places) -> dict[str, pa.ChunkedArray]:
    """Return the columns that say which record each of the *rows* is of."""
    table, places = (difference.new, new) if len(new) else (difference.old, old)
    found = {name: table[name].take(places[rows]) for name in _key(difference)}
    if _dated(difference):
        found[f"{DAY}_old"] = _days(difference.old, old, rows)
        found[f"{DAY}_new"] = _days(difference.new, new, rows)
    return found


def _days(table: pa.Table, places: Places, rows: Places) -> pa.ChunkedArray:
    return table[DAY].take(places[rows]) if len(places) else pa.nulls(len(rows), pa.string())
