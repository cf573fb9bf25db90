"""Records of two versions side by side: which is which, and how their numbers relate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.parsers.static_json import CURVES
from inferencemax_spider.quality.evidence import Group, Holdings
from inferencemax_spider.versions.keys import DAY, RUN, Matches, dense, match
from inferencemax_spider.versions.shape import POINT_KEY, RECORD_KEY, comparable

CURVE = ("model_name", "sequence_length", "hwKey")
METRICS = {"tpPerGpu_y": "throughput per GPU", "e2e_x": "end-to-end latency", "inter_x": "interactivity"}
"""The numbers that are measured; costs and throughput per MW follow from them."""

NESTED = {"metrics", *CURVES}
"""What a record holds that has fields of its own."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """The records of two versions, in one shape, and which of them match by their natural key."""

    old: pa.Table
    new: pa.Table
    matches: Matches

    @classmethod
    def of(cls, old: Holdings, new: Holdings, columns: Sequence[str] = ()) -> Pairs:
        """Match the records of both versions; the tables have the natural key, and those of *columns* that there are.

        Raises:
            UnanswerableError: the records of one cannot be read, or have not the columns that every record has.
        """
        optional = dict.fromkeys((*POINT_KEY, *RECORD_KEY, DAY, RUN, *columns))
        rest = [name for name in optional if name not in CURVE]
        tables = comparable(old.records(CURVE, rest), new.records(CURVE, rest))
        return cls(*tables[:2], match(*tables))

    def had(self, column: str) -> npt.NDArray[np.bool_]:
        """Tell for each match whether the old record has a value in *column*."""
        valid: npt.NDArray[np.bool_] = np.asarray(pc.is_valid(self.old[column]))
        return valid[self.matches.old]

    def models(self) -> npt.NDArray[np.object_]:
        """Return the model of each match."""
        names: npt.NDArray[np.object_] = np.asarray(self.old["model_name"], dtype=object)
        return names[self.matches.old]

    def extras(self) -> list[set[str]]:
        """Return for each match the names of the undeclared fields of the old record, dotted for metrics."""
        texts = self.old["extra"].take(pa.array(self.matches.old)).to_pylist()
        return [set(_names(text)) for text in texts]


def _names(extra: str | None) -> Iterator[str]:
    for name, value in json.loads(extra or "{}").items():
        yield from (f"{name}.{inner}" for inner in value) if name in NESTED else (name,)


@dataclass(frozen=True)
class Shift:
    """How a metric of a curve changed: the median ratio, new to old, of so many matching records."""

    group: Group
    hwkey: str
    metric: str
    ratio: float
    records: int

    @property
    def key(self) -> tuple[Group, str, str]:
        """Which metric of which curve."""
        return self.group, self.hwkey, self.metric

    @property
    def change(self) -> float:
        """The relative change: 0.3 for 30 % more."""
        return self.ratio - 1


def shifts(old: Holdings, new: Holdings) -> Iterator[Shift]:
    """Yield how each metric of each curve changed between two versions, where they have records that match."""
    pairs = Pairs.of(old, new, (*METRICS, "x"))
    table = pairs.new.take(pa.array(pairs.matches.new))
    names = [*CURVE, *(name for name in table.column_names if name == "data_type")]
    curves = dense(table[name] for name in names)
    _, first = np.unique(curves, return_index=True)
    rows = table.select(names).take(pa.array(first)).to_pylist()
    for column in [name for name in METRICS if name in pairs.old.column_names and name in table.column_names]:
        for code, ratios in _by_code(curves, _ratios(pairs, column)):
            row = rows[code]
            group = Group(row["model_name"], row["sequence_length"], row.get("data_type", ""))
            yield Shift(group, row["hwKey"], METRICS[column], float(np.median(ratios)), len(ratios))


def _ratios(pairs: Pairs, metric: str) -> Floats:
    """Return new / old of each match; NaN where there is no such ratio."""
    old = pairs.old[metric].to_numpy()[pairs.matches.old]
    new = pairs.new[metric].to_numpy()[pairs.matches.new]
    with np.errstate(all="ignore"):
        ratios: Floats = new / old
    return np.where((old > 0) & np.isfinite(ratios), ratios, np.nan)


def _by_code(codes: npt.NDArray[np.int64], values: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield the values that there are of each code."""
    there = np.flatnonzero(~np.isnan(values))
    ordered = there[np.argsort(codes[there], kind="stable")]
    names, starts = np.unique(codes[ordered], return_index=True)
    yield from zip(names.tolist(), np.split(values[ordered], starts[1:]), strict=False)
