"""What the page's script draws, as JSON inside the page: small, and without a way out of its element."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.report import points, style

LEAST_BYTES_PER_POINT = 20
"""No point takes fewer: what could not fit in any case is not written out to see."""
_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


NEWEST = "the newest measurement of each configuration"
FRONTS_FIRST = f"{NEWEST}, those on Pareto fronts before the others"

Facts = dict[str, Any]


def within(budget: int, path: Path, records: pa.Table, facts: Facts) -> bytes:
    """Return the *facts* and the points of *records* as JSON of at most *budget* bytes.

    *records* are as :func:`points.read` takes them from the file at *path*. Where not all points fit, they are those of
    the newest measurement of each configuration; where these do not fit either, those on Pareto fronts come before the
    others. ``reduced`` in the JSON says so.

    Raises:
        OperationalError: there is no room for any point.
    """
    placed = points.number_placed(records)
    facts = facts | {"records": records.num_rows, "charted": placed}
    # The fronts of points that cannot fit in any case are not looked for.
    if placed * LEAST_BYTES_PER_POINT <= budget and (text := _fitting(points.charted(records), budget, facts)):
        return text
    newest = points.charted(records.take(points.newest(path)))
    return _fitting(newest, budget, facts | {"reduced": NEWEST}) or _cut(newest, budget, facts)


def _fitting(chosen: pa.Table, budget: int, facts: Facts) -> bytes | None:
    if chosen.num_rows * LEAST_BYTES_PER_POINT > budget:
        return None
    text = _encoded(chosen, facts)
    return text if len(text) <= budget else None


def _cut(newest: pa.Table, budget: int, facts: Facts) -> bytes:
    facts = facts | {"reduced": FRONTS_FIRST}
    number = min(newest.num_rows, budget // LEAST_BYTES_PER_POINT)
    while number > 0:
        text = _encoded(points.fronts_first(newest, number), facts)
        if len(text) <= budget:
            return text
        number = min(number - 1, number * budget // len(text))
    raise OperationalError("the report has no room for its points: the names in the data are too long")


def _encoded(chosen: pa.Table, facts: Facts) -> bytes:
    """Return the *facts* as JSON, with the points of the table *chosen* by column; a text is a place in a list."""
    columns, texts = {}, {}
    for name in points.TEXTS:
        encoded = chosen[name].combine_chunks().dictionary_encode()
        texts[name] = encoded.dictionary.to_pylist()
        columns[name] = map(str, pc.fill_null(encoded.indices, -1).to_pylist())
    for name in (*points.NUMBERS, "front"):
        columns[name] = map(_number, chosen[name].to_pylist())
    rest = facts | {
        "points": chosen.num_rows,
        "texts": texts,
        "sequences": points.sequences(texts["sequence"]),
        "curves": {hwkey: asdict(style.look(hwkey)) for hwkey in sorted(texts["hwKey"], key=style.order)},
    }
    written = ",\n".join(f'"{name}":[{",".join(values)}]' for name, values in columns.items())
    return f'{_escaped(rest)[:-1]},\n"columns":{{{written}}}}}'.encode()


def _escaped(value: dict[str, Any]) -> str:
    """Return *value* as JSON in which no character means anything to HTML."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _number(value: float | None) -> str:
    """Return *value* with five digits, more than a chart can show."""
    return "null" if value is None or value - value != 0 else f"{value:.5g}"
