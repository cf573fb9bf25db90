"""The benchmark record, and many of them as columns.

``BenchmarkRecord`` is the one description of the data of every generation: the Arrow schemas, the CSV columns, the
Parquet types and the column reference in the docs are all taken from it. A generation fills the columns it has, in a
``Layout``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Any, Union, get_args, get_origin, overload

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

PER_MILLION = "US$ per million tokens"
STATISTICS = ("mean", "median", "p75", "p90", "p99", "p99.9", "std")
QUANTITIES = {
    "ttft": ("time to first token", "s"),
    "tpot": ("time per output token", "s"),
    "itl": ("inter-token latency", "s"),
    "e2el": ("end-to-end latency", "s"),
    "intvty": ("interactivity", "tok/s/user"),
    "ttlt": ("time to last token (agentic traces)", "s"),
    "full_response_itl": ("inter-token latency of whole responses (agentic traces)", "s"),
}


def column(description: str, unit: str = "") -> Any:
    """Return an optional field: what the column means, and in which unit."""
    return Field(default=None, description=description, json_schema_extra={"unit": unit})


class Point(BaseModel):
    """The columns other than the metrics; see ``BenchmarkRecord``."""

    model_config = ConfigDict(frozen=True)

    source: str | None = column("Generation of the site: `static-json` or `api-v1`")
    model_name: str | None = column("Model as the dashboard shows it")
    sequence_length: str | None = column("Input and output length: `1k-8k` is 1024 tokens in, 8192 out")
    data_type: str | None = column("Which x axis: `e2e` or `interactivity`")
    conc: int | None = column("Concurrent requests", "requests")
    costh_roof: bool | None = column("`costh` is on the Pareto front")
    costh_y: float | None = column("Cost at the hyperscaler's price of the GPU", PER_MILLION)
    costn_roof: bool | None = column("`costn` is on the Pareto front")
    costn_y: float | None = column("Cost at a neocloud's price of the GPU", PER_MILLION)
    costr_roof: bool | None = column("`costr` is on the Pareto front")
    costr_y: float | None = column("Cost at the rental price of the GPU", PER_MILLION)
    hwKey: str | None = column("Curve identity: base GPU, framework, speculative method (`b200_trt`)")
    precision: str | None = column("Number format of the weights: `fp4`, `fp8`, `bf16`, `int4`")
    tp: int | None = column("Tensor parallelism; prefill and decode GPUs of a disaggregated row", "GPUs")
    tpPerGpu_roof: bool | None = column("`tpPerGpu` is on the Pareto front")
    tpPerGpu_y: float | None = column("Total token throughput per GPU", "tok/s/GPU")
    tpPerMw_roof: bool | None = column("`tpPerMw` is on the Pareto front")
    tpPerMw_y: float | None = column("Throughput per provisioned megawatt", "tok/s/MW")
    x: float | None = column("Median end-to-end latency, or median interactivity", "s, or tok/s/user")
    y: float | None = column("Total token throughput per GPU", "tok/s/GPU")
    e2e_x: float | None = column("Median end-to-end latency", "s")
    inter_x: float | None = column("Median interactivity", "tok/s/user")
    e2e_roof: bool | None = column("On the Pareto front of throughput against end-to-end latency")
    inter_roof: bool | None = column("On the Pareto front of throughput against interactivity")
    hardware_edition: str | None = column("Edition of power and prices that the derived values used")
    model: str | None = column("Model key of the database")
    isl: int | None = column("Input length; none for agentic traces", "tokens")
    osl: int | None = column("Output length; none for agentic traces", "tokens")
    hardware: str | None = column("Accelerator, as the site names it")
    framework: str | None = column("Serving framework")
    spec_method: str | None = column("Speculative decoding: `none`, `mtp` …")
    disagg: bool | None = column("Prefill and decode run on different GPUs")
    is_multinode: bool | None = column("More than one node")
    prefill_tp: int | None = column("Tensor parallelism of prefill", "GPUs")
    prefill_ep: int | None = column("Expert parallelism of prefill", "GPUs")
    prefill_dp_attention: bool | None = column("Data-parallel attention in prefill")
    prefill_num_workers: int | None = column("Prefill workers")
    decode_tp: int | None = column("Tensor parallelism of decode", "GPUs")
    decode_ep: int | None = column("Expert parallelism of decode", "GPUs")
    decode_dp_attention: bool | None = column("Data-parallel attention in decode")
    decode_num_workers: int | None = column("Decode workers")
    num_prefill_gpu: int | None = column("GPUs of prefill; all GPUs where not disaggregated", "GPUs")
    num_decode_gpu: int | None = column("GPUs of decode; all GPUs where not disaggregated", "GPUs")
    benchmark_type: str | None = column("`single_turn` or `agentic_traces`")
    offload_mode: str | None = column("Offloading of agentic traces")
    image: str | None = column("Container image; none before 2025-12-08")
    date: str | None = column("Day of the measurement, `YYYY-MM-DD`")
    run_url: str | None = column("The run that measured it")
    id: str | None = column("The site's id of the row, every digit")


METRICS: dict[str, tuple[str, str]] = {
    "tput_per_gpu": ("Total token throughput per GPU", "tok/s/GPU"),
    "input_tput_per_gpu": ("Input token throughput per GPU", "tok/s/GPU"),
    "output_tput_per_gpu": ("Output token throughput per GPU", "tok/s/GPU"),
} | {
    f"{statistic}_{quantity}": (f"{statistic}: {meaning}", unit)
    for quantity, (meaning, unit) in QUANTITIES.items()
    for statistic in STATISTICS
}
"""The metrics of the API, with meaning and unit. Others are kept in ``extra`` until they are declared here."""


class BenchmarkRecord(Point):
    """One measured point. Missing is missing (``None``, an empty cell), never zero.

    ``*_roof`` tells whether the point lies on the Pareto front of its hwKey within its response. In the files, each of
    the ``metrics`` is a column of its own.
    """

    metrics: dict[str, float] = Field(default_factory=dict, description="Metrics of the API, by name")
    extra: str | None = column("Fields that nobody declared, as JSON")


LEADING = (
    "model_name",
    "sequence_length",
    "conc",
    "costh_roof",
    "costh_y",
    "costn_roof",
    "costn_y",
    "costr_roof",
    "costr_y",
    "hwKey",
    "precision",
    "tp",
    "tpPerGpu_roof",
    "tpPerGpu_y",
    "tpPerMw_roof",
    "tpPerMw_y",
)
"""The columns that lead in each of the three CSVs, in the order of the earlier pipeline's files."""
AXES = ("x", "y")
ARROW_TYPES: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def field(name: str) -> pa.Field:
    """Return the Arrow field of the column *name*."""
    if name in METRICS:
        return pa.field(name, pa.float64())
    return pa.field(name, ARROW_TYPES[_plain(BenchmarkRecord.model_fields[name].annotation)])


def _plain(annotation: Any) -> type:
    """Return the type of ``T | None`` as ``T``."""
    if get_origin(annotation) in {Union, UnionType}:
        (annotation,) = (arg for arg in get_args(annotation) if arg is not type(None))
    return annotation  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Layout:
    """Which columns a generation fills, and how its records become points of a curve.

    ``identity`` are the columns in which no two records of a response should agree. ``project`` returns the points of
    one data type from a table of records, with the columns ``LEADING``, ``AXES`` and ``further``. Where a record holds
    both data types, the generation is ``paired``: its points correspond row by row.
    """

    columns: tuple[str, ...]
    identity: tuple[str, ...]
    further: tuple[str, ...]
    project: Callable[[pa.Table, str], pa.Table]
    paired: bool = False

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a table of records."""
        return pa.schema([field(name) for name in self.columns])

    def curve(self, table: pa.Table, data_type: str) -> pa.Table:
        """Return the points of *data_type*, with the columns of its CSV."""
        return self.project(table, data_type).select([*LEADING, *AXES, *self.further])


class Records(Sequence[BenchmarkRecord]):
    """The records of a response, held as columns and given out as ``BenchmarkRecord``s.

    ``table`` has the columns of the *layout*; its rows are in the order of the response.
    """

    __slots__ = ("layout", "table")

    def __init__(self, layout: Layout, table: pa.Table | None = None) -> None:
        self.layout = layout
        self.table = layout.schema.empty_table() if table is None else table.cast(layout.schema)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[BenchmarkRecord]:
        for row in self.table.to_pylist():
            metrics = {name: value for name in METRICS if (value := row.pop(name, None)) is not None}
            yield BenchmarkRecord(metrics=metrics, **row)

    @overload
    def __getitem__(self, index: int) -> BenchmarkRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> BenchmarkRecord | Records:
        if isinstance(index, slice):
            places = pa.array(range(*index.indices(len(self))), type=pa.int64())
            return Records(self.layout, self.table.take(places))
        return next(iter(Records(self.layout, self.table.slice(range(len(self))[index], 1))))

    def __repr__(self) -> str:
        return f"<{len(self)} records>"

    def repeated(self) -> list[dict[str, Any]]:
        """Return the identities that several records share, each with its ``count``."""
        identity = list(self.layout.identity)
        if _distinct(self.table, identity) == len(self):
            return []
        rows = Counter(tuple(row.values()) for row in self.table.select(identity).to_pylist())
        return [{**dict(zip(identity, row, strict=True)), "count": rows[row]} for row in rows if rows[row] > 1]


def _distinct(table: pa.Table, identity: Sequence[str]) -> int:
    """Return how many different identities the rows of *table* have."""
    texts = [pc.cast(table[name], pa.string()) for name in identity]
    joined = pc.binary_join_element_wise(*texts, "\0", null_handling="replace", null_replacement="\1")
    return int(pc.count_distinct(joined).as_py())


def newest_days(records: Records) -> dict[str, str]:
    """Return the newest day of each model key; none for a generation whose records have no day."""
    if "date" not in records.table.column_names:
        return {}
    keys, days = records.table["model"], records.table["date"]
    return {key: pc.max(days.filter(pc.equal(keys, key))).as_py() for key in sorted(keys.unique().to_pylist())}
