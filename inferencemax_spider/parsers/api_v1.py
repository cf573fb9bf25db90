"""The live API of 2026: rows with configuration fields and a dictionary of metrics.

Source: ``/api/v1/benchmarks`` and ``/api/v1/benchmarks/history``. The site adds fields every few weeks: what is not
declared here is kept in the column ``extra``, and counted.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Annotated, Any, NotRequired

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from inferencemax_spider.hardware import Edition
from inferencemax_spider.items import Endpoint, Parsed, Rejection
from inferencemax_spider.parsers.asked import sifted
from inferencemax_spider.parsers.bulk import DAY, as_json, validated
from inferencemax_spider.parsers.derived import derive
from inferencemax_spider.records import METRICS, Layout, Records, field

SOURCE = "api-v1"
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Names that tables, files and a terminal show: none is longer, or holds control characters."""
Count = Annotated[int, Field(ge=0, le=2**53)]


@with_config(ConfigDict(strict=True, extra="allow"))
class Row(TypedDict):
    """A row as the API serves it. Unknown fields stay in it."""

    hardware: Text
    framework: Text
    model: Text
    precision: Text
    spec_method: Text
    conc: Annotated[int, Field(gt=0, le=2**53)]
    date: Annotated[str, Field(pattern=DAY)]
    metrics: dict[str, Any]
    disagg: NotRequired[bool | None]
    is_multinode: NotRequired[bool | None]
    prefill_tp: NotRequired[Count | None]
    prefill_ep: NotRequired[Count | None]
    prefill_dp_attention: NotRequired[bool | None]
    prefill_num_workers: NotRequired[Count | None]
    decode_tp: NotRequired[Count | None]
    decode_ep: NotRequired[Count | None]
    decode_dp_attention: NotRequired[bool | None]
    decode_num_workers: NotRequired[Count | None]
    num_prefill_gpu: NotRequired[Count | None]
    num_decode_gpu: NotRequired[Count | None]
    isl: NotRequired[Count | None]
    osl: NotRequired[Count | None]
    benchmark_type: NotRequired[str | None]
    offload_mode: NotRequired[str | None]
    image: NotRequired[str | None]
    run_url: NotRequired[str | None]
    id: NotRequired[str | None]


ROWS = TypeAdapter(list[Row])
ROW_FIELDS = tuple(name for name in Row.__annotations__ if name != "metrics")
CONFIGURATION = (
    *("model", "isl", "osl", "hardware", "framework", "spec_method", "disagg", "is_multinode"),
    *("prefill_tp", "prefill_ep", "prefill_dp_attention", "prefill_num_workers"),
    *("decode_tp", "decode_ep", "decode_dp_attention", "decode_num_workers", "num_prefill_gpu", "num_decode_gpu"),
    *("benchmark_type", "offload_mode"),
)
MEASUREMENT = ("image", "date", "run_url", "id")
DERIVED = ("costh_y", "costn_y", "costr_y", "hwKey", "precision", "tp", "tpPerGpu_y", "tpPerMw_y", "y")
NATURAL_KEY = (*CONFIGURATION, "precision", "conc")


def _points(table: pa.Table, data_type: str) -> pa.Table:
    """Return the points of *data_type*: a flag is missing where its value is."""
    side = "e2e" if data_type == "e2e" else "inter"
    columns = {name: table[name] for name in table.column_names} | {"x": table[f"{side}_x"]}
    for curve in ("tpPerGpu", "tpPerMw", "costh", "costn", "costr"):
        missing = pc.is_null(table[f"{curve}_y"])
        columns[f"{curve}_roof"] = pc.if_else(missing, pa.scalar(None, pa.bool_()), table[f"{side}_roof"])
    return pa.table(columns)


def _layout(identity: tuple[str, ...]) -> Layout:
    edges = ("e2e_x", "inter_x", "e2e_roof", "inter_roof", "hardware_edition")
    return Layout(
        columns=(
            *("source", "model_name", "sequence_length", "conc"),
            *DERIVED,
            *edges,
            *CONFIGURATION,
            *MEASUREMENT,
            *METRICS,
            "extra",
        ),
        identity=identity,
        further=("hardware_edition", *CONFIGURATION, *MEASUREMENT, *METRICS),
        project=_points,
        paired=True,
    )


LATEST = _layout(NATURAL_KEY)
HISTORY = _layout((*NATURAL_KEY, "date", "run_url"))
_ROW_TYPE = pa.struct([field(name) for name in ROW_FIELDS])
_METRICS_TYPE = pa.struct([pa.field(name, pa.float64()) for name in METRICS])


def parse(body: bytes, endpoint: Endpoint, edition: Edition, listed: Collection[str] = ()) -> Parsed:
    """Read the rows of a *body* that *endpoint* asked for, with the values derived from the hardware *edition*.

    *listed* are the display names that the site has.

    Raises:
        BodyError: the body holds no array of rows.
    """
    history = endpoint.dataset == "history"
    layout = HISTORY if history else LATEST
    batches: list[pa.Table] = []
    rejections: list[Rejection] = []
    unknown: Counter[str] = Counter()
    for rows, refused in validated(body, ROWS):
        rejections += refused
        if not rows:
            continue
        columns, extras = _columns(rows)
        unknown += _names(extras)
        batches.append(pa.table(columns))
    if not batches:
        return Parsed(Records(layout), rejections, unknown)
    table, unasked = sifted(pa.concat_tables(batches).combine_chunks(), endpoint, listed)
    if not table.num_rows:
        return Parsed(Records(layout), rejections, unknown, unasked=unasked)
    table = table.combine_chunks()
    served = {name: table[name].chunk(0) for name in table.column_names}
    derived, unpriced = derive(served, edition, by_date=history)
    constants = {"source": SOURCE, "model_name": endpoint.model}
    served |= derived | {name: pa.repeat(value, table.num_rows) for name, value in constants.items()}
    records = Records(layout, pa.table({name: served[name] for name in layout.columns}))
    return Parsed(records, rejections, unknown, unpriced, unasked)


def of_sequences(records: Records, labels: Sequence[str]) -> Records:
    """Return those of the *records* whose sequence has one of the *labels*; all, if there are none."""
    if not labels:
        return records
    table = records.table
    return Records(records.layout, table.filter(pc.is_in(table["sequence_length"], pa.array(labels))))


Extra = dict[str, Any]


def _columns(rows: list[Row]) -> tuple[dict[str, pa.Array], list[Extra | None]]:
    """Return the declared columns of *rows*, and what else each of them holds."""
    metrics = [row["metrics"] for row in rows]
    fields, names = _undeclared(rows, metrics)
    try:
        numbers = pa.array(metrics, type=_METRICS_TYPE)
        all_numbers = all(map(_is_finite, numbers.flatten()))
    except (pa.ArrowException, TypeError):
        all_numbers = False
    if not all_numbers:
        names = set(METRICS) | names
        numbers = pa.array([{name: _number(value) for name, value in row.items()} for row in metrics], _METRICS_TYPE)
    read_extra = _extra_reader(fields, names)
    extras = [read_extra(row) if fields or names else None for row in rows]
    columns = dict(zip(ROW_FIELDS, pa.array(rows, type=_ROW_TYPE).flatten(), strict=True))
    columns |= dict(zip(METRICS, numbers.flatten(), strict=True))
    columns["extra"] = pa.array([as_json(extra) for extra in extras], type=pa.string())
    return columns, extras


def _undeclared(rows: list[Row], metrics: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """Return the names of the fields, and of the metrics, that are not declared; few rows differ in what they hold."""
    fields: set[str] = set().union(*set(map(tuple, rows)))
    names: set[str] = set().union(*set(map(tuple, metrics)))
    return fields - {*ROW_FIELDS, "metrics"}, names - METRICS.keys()


def _is_finite(column: pa.Array) -> bool:
    """Tell whether *column* holds no NaN and no infinity: their sum would not be finite either."""
    total = pc.sum(column).as_py()
    return total is None or math.isfinite(total)


def _number(value: Any) -> float | None:
    """Return *value* if it is a number that a column can hold: a finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= sys.float_info.max else None


def _extra_reader(fields: set[str], names: set[str]) -> Callable[[Row], Extra | None]:
    """Return what takes from a row the *fields* and the metrics called *names*, of declared metrics only no numbers."""
    ordered, metrics = sorted(fields), sorted(names)

    def extra(row: Any) -> Extra | None:
        found: Extra = {name: row[name] for name in ordered if name in row}
        served = row["metrics"]
        aside = {
            name: served[name]
            for name in metrics
            if name in served and not (name in METRICS and (served[name] is None or _number(served[name]) is not None))
        }
        return (found | {"metrics": aside} if aside else found) or None

    return extra


def _names(extras: Iterable[Extra | None]) -> Counter[str]:
    """Return how many of the *extras* hold what, dotted for metrics; few of them differ in that."""
    shapes = Counter((tuple(extra), tuple(extra.get("metrics", ()))) for extra in extras if extra)
    names: Counter[str] = Counter()
    for (fields, metrics), count in shapes.items():
        held = [name for name in fields if name != "metrics"] + [f"metrics.{name}" for name in metrics]
        names.update(dict.fromkeys(held, count))
    return names
