"""The benchmark record, and many of them as columns.

``BenchmarkRecord`` is the one description of the data: the Arrow schema, the CSV columns, the Parquet types and the
column reference in the docs are all taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, overload

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field


class BenchmarkRecord(BaseModel):
    """One measured point of one curve, flattened as it stands in the files.

    ``*_roof`` tells whether the point lies on the Pareto front of its hwKey within its response. Missing is missing
    (``None``, an empty cell), never zero.
    """

    model_config = ConfigDict(frozen=True)

    model_name: str = Field(description="Model as the dashboard shows it")
    sequence_length: str = Field(description="Input and output length: `1k-8k` is 1024 tokens in, 8192 out")
    data_type: str = Field(description="Which x axis: `e2e` or `interactivity`")
    conc: int = Field(description="Concurrent requests", json_schema_extra={"unit": "requests"})
    costh_roof: bool | None = Field(description="`costh` is on the Pareto front")
    costh_y: float | None = Field(
        description="Cost at the hyperscaler's price of the GPU", json_schema_extra={"unit": "US$ per million tokens"}
    )
    costn_roof: bool | None = Field(description="`costn` is on the Pareto front")
    costn_y: float | None = Field(
        description="Cost at a neocloud's price of the GPU", json_schema_extra={"unit": "US$ per million tokens"}
    )
    costr_roof: bool | None = Field(description="`costr` is on the Pareto front")
    costr_y: float | None = Field(
        description="Cost at the rental price of the GPU", json_schema_extra={"unit": "US$ per million tokens"}
    )
    hwKey: str = Field(description="Curve identity: base GPU, framework, speculative method (`b200_trt`)")
    precision: str = Field(description="Number format of the weights: `fp4`, `fp8`, `bf16`, `int4`")
    tp: int = Field(description="Tensor parallelism", json_schema_extra={"unit": "GPUs"})
    tpPerGpu_roof: bool | None = Field(description="`tpPerGpu` is on the Pareto front")
    tpPerGpu_y: float | None = Field(
        description="Total token throughput per GPU", json_schema_extra={"unit": "tok/s/GPU"}
    )
    tpPerMw_roof: bool | None = Field(description="`tpPerMw` is on the Pareto front")
    tpPerMw_y: float | None = Field(
        description="Throughput per provisioned megawatt", json_schema_extra={"unit": "tok/s/MW"}
    )
    x: float = Field(
        description="Median end-to-end latency (`e2e`) or median interactivity (`interactivity`)",
        json_schema_extra={"unit": "s, or tok/s/user"},
    )
    y: float = Field(description="Total token throughput per GPU", json_schema_extra={"unit": "tok/s/GPU"})
    extra: str | None = Field(default=None, description="Fields that nobody declared, as JSON")


IDENTITY = ("model_name", "sequence_length", "data_type", "conc", "hwKey", "precision", "tp")
"""What makes a record of one response the record that it is: no two should agree in all of these."""

ARROW_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


def _plain(annotation: Any) -> type:
    """Return the type of ``T | None`` as ``T``."""
    if get_origin(annotation) in {Union, UnionType}:
        (annotation,) = (arg for arg in get_args(annotation) if arg is not type(None))
    return annotation  # type: ignore[no-any-return]


@cache
def schema() -> pa.Schema:
    """Return the Arrow schema of a record: one typed column per field of ``BenchmarkRecord``, in its order."""
    return pa.schema(
        [
            pa.field(name, ARROW_TYPES[_plain(info.annotation)], nullable=type(None) in get_args(info.annotation))
            for name, info in BenchmarkRecord.model_fields.items()
        ]
    )


class Records(Sequence[BenchmarkRecord]):
    """The records of a response, held as columns and given out as ``BenchmarkRecord``s.

    ``table`` has the columns of :func:`schema`; its rows are in the order of the response.
    """

    __slots__ = ("table",)

    def __init__(self, table: pa.Table) -> None:
        self.table = table.cast(schema())

    @classmethod
    def empty(cls) -> Records:
        """Return no records at all."""
        return cls(schema().empty_table())

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[BenchmarkRecord]:
        for row in self.table.to_pylist():
            yield BenchmarkRecord.model_validate(row)

    @overload
    def __getitem__(self, index: int) -> BenchmarkRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> BenchmarkRecord | Records:
        if isinstance(index, slice):
            return Records(self.table.take(range(*index.indices(len(self)))))
        return next(iter(Records(self.table.slice(range(len(self))[index], 1))))

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def repeated(records: Records, identity: Sequence[str]) -> list[dict[str, Any]]:
    """Return the identities that several *records* share, each with its ``count``."""
    if _distinct(records.table, identity) == len(records):
        return []
    frame: pd.DataFrame = records.table.select(list(identity)).to_pandas()
    counted = frame[frame.duplicated(keep=False)].value_counts(sort=False).rename("count").reset_index()
    return [{str(name): value for name, value in row.items()} for row in counted.to_dict("records")]


def _distinct(table: pa.Table, identity: Sequence[str]) -> int:
    """Return how many different identities the rows of *table* have."""
    texts = [pc.cast(table[name], pa.string()) for name in identity]
    return int(pc.count_distinct(pc.binary_join_element_wise(*texts, "\0")).as_py())
