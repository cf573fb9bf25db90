"""One metric over all stored versions: the best value on the Pareto front of each curve, as tidy rows.

A curve is a model, sequence, hwKey and precision. The *best value at a given interactivity* is the best that the curve
reaches with at least that interactivity: its front (interactivity against the metric, see
:func:`~inferencemax_spider.metrics.pareto_front`) is read at that place, linearly between two neighbouring points of
it. Below its first point it is the value of that point, which has more interactivity than asked for; above its last
point the front does not reach, and the value is missing. Nothing is extrapolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.metrics import pareto_fronts
from inferencemax_spider.records import METRICS, BenchmarkRecord, field
from inferencemax_spider.versions.diff import Floats, floats
from inferencemax_spider.versions.keys import DAY, Places, dense
from inferencemax_spider.versions.shape import of_models, with_axes, with_display_names
from inferencemax_spider.versions.stored import RECORDS, StoredVersion

INTERACTIVITY = "inter_x"
MODEL_KEY = "model"
CURVE = ("model_name", MODEL_KEY, "sequence_length", "hwKey", "precision")
DATED_MODES = {"history", "exact"}
"""Modes in which the live API holds one configuration for several days."""
USABLE = {"complete", "incomplete"}

SCHEMA = pa.schema(
    {
        "model": pa.string(),
        "model_key": pa.string(),
        "sequence": pa.string(),
        "hwKey": pa.string(),
        "precision": pa.string(),
        "date": pa.string(),
        "version": pa.string(),
        "interactivity": pa.float64(),
        "value": pa.float64(),
    }
)
"""``model`` is the live API's display name; ``model_key`` its database key, missing in the static generation.
``version`` is ``<spider>/<name>``; ``interactivity`` is in tok/s/user, missing for the best value overall."""

LESS_IS_BETTER = {"ttft", "tpot", "itl", "e2el", "ttlt", "full_response_itl"}
"""Quantities of the API of which less is better, as it is of costs, and of every standard deviation."""
METRIC_NAMES = tuple(
    name
    for name in (*BenchmarkRecord.model_fields, *METRICS)
    if name not in {"metrics", "x"} and pa.types.is_floating(field(name).type)
)


@dataclass(frozen=True)
class Wanted:
    """What to collect: a metric, at these interactivities (tok/s/user), of these models and sequences, in these days.

    Without an interactivity it is the best value overall. Models are named as in either generation, sequences as in
    the files (``1k-8k``), days ``YYYY-MM-DD``; where nothing is named, it is all there are.
    """

    metric: str = "tpPerGpu_y"
    interactivities: Sequence[float] = ()
    models: Sequence[str] = ()
    sequences: Sequence[str] = ()
    since: str | None = None
    until: str | None = None


def collect(versions: Iterable[StoredVersion], wanted: Wanted, warn: Callable[[str], None]) -> Iterator[pa.Table]:
    """Yield the rows of each of the *versions* that brought data, with the columns of ``SCHEMA``.

    One version is held at a time. One that cannot be read is passed over, after its name and the cause were given to
    *warn*. Rows come in the order of the versions, and then of the curves.
    """
    for stored in versions:
        try:
            if stored.summary.get("status") in USABLE:
                yield of_version(stored, wanted)
        except OperationalError as error:
            warn(f"passed over {stored.spider}/{stored.name}: {error}")


def of_version(stored: StoredVersion, wanted: Wanted) -> pa.Table:
    """Return the rows of one version.

    In a history of the live API (``mode=history`` or ``exact``) each day has its own curves. Elsewhere a curve is what
    the site shows as one: its date is that of its newest measurement, or in the static generation, which has none, the
    day of the version.

    Raises:
        OperationalError: its summary or its records cannot be read.
    """
    points = _points(stored, wanted)
    dated = (stored.summary.get("arguments") or {}).get("mode") in DATED_MODES
    codes = dense(points[name] for name in (*CURVE, *([DAY] if dated else [])))
    _, first = np.unique(codes, return_index=True)
    values = _values(points, codes, len(first), wanted)
    curves = np.repeat(np.arange(len(first)), values.shape[1])
    days = pd.Series(points[DAY].to_pylist(), dtype=object).groupby(codes).max()
    columns = [
        *(points[name].take(first[curves]) for name in CURVE),
        pa.array(days.to_numpy()[curves], type=pa.string()),
        pa.repeat(f"{stored.spider}/{stored.name}", len(curves)),
        pa.array(np.tile(wanted.interactivities or [np.nan], len(first)), type=pa.float64(), from_pandas=True),
        pa.array(values.ravel(), type=pa.float64(), from_pandas=True),
    ]
    return _in_time(pa.Table.from_arrays(columns, schema=SCHEMA), wanted)


def _points(stored: StoredVersion, wanted: Wanted) -> pa.Table:
    """Return what has a value of the metric, in one shape: the columns of the curve, its day, its axes."""
    table = stored.records()
    for name in CURVE:
        if name not in table.column_names:
            if name != MODEL_KEY:
                raise OperationalError(f"{stored.folder / RECORDS} has no column {name}")
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    if DAY not in table.column_names:
        table = table.append_column(DAY, pa.repeat(_day_of(stored), table.num_rows))
    table = with_axes(table)
    if wanted.metric not in table.column_names:
        return table.slice(0, 0).append_column(wanted.metric, pa.nulls(0, pa.float64()))
    if wanted.models:
        table = of_models(table, wanted.models)
    if wanted.sequences:
        table = table.filter(pc.is_in(table["sequence_length"], pa.array(wanted.sequences, pa.string())))
    return with_display_names(table.filter(pc.is_valid(table[wanted.metric])))


def _values(points: pa.Table, codes: Places, curves: int, wanted: Wanted) -> Floats:
    """Return the best values: a row per curve, a column per interactivity, or one column of the best overall."""
    value = floats(points, wanted.metric)
    less = less_is_better(wanted.metric)
    if not wanted.interactivities:
        by_curve = pd.Series(value).groupby(codes)
        best = by_curve.min() if less else by_curve.max()
        return np.asarray(best, dtype=np.float64).reshape(-1, 1)
    x = floats(points, INTERACTIVITY)
    places = np.flatnonzero(pareto_fronts(codes, x, value, smaller_x=False, larger_y=not less))
    places = places[np.lexsort((x[places], codes[places]))]
    fronts = np.split(places, np.searchsorted(codes[places], np.arange(1, curves)))
    values = np.full((curves, len(wanted.interactivities)), np.nan)
    for curve, front in enumerate(fronts):
        if len(front):
            values[curve] = np.interp(wanted.interactivities, x[front], value[front], right=np.nan)
    return values


def less_is_better(metric: str) -> bool:
    """Tell whether small values of *metric* are the good ones.

    >>> less_is_better("costh_y"), less_is_better("p99_ttft"), less_is_better("median_intvty")
    (True, True, False)
    """
    statistic, _, quantity = metric.partition("_")
    return metric.startswith("cost") or metric == "e2e_x" or statistic == "std" or quantity in LESS_IS_BETTER


def _day_of(stored: StoredVersion) -> str:
    """Return the day in the name of the version."""
    return f"{stored.name[:4]}-{stored.name[4:6]}-{stored.name[6:8]}"


def _in_time(table: pa.Table, wanted: Wanted) -> pa.Table:
    """Return the rows of *table* from the first to the last of the days."""
    if wanted.since:
        table = table.filter(pc.greater_equal(table[DAY], wanted.since))
    return table.filter(pc.less_equal(table[DAY], wanted.until)) if wanted.until else table
