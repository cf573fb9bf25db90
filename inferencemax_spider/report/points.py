"""The points that the charts show, of either generation: one table, with the fronts that they lie on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.metrics import pareto_fronts
from inferencemax_spider.parsers import static_json
from inferencemax_spider.parsers.api_v1 import LATEST, NATURAL_KEY
from inferencemax_spider.versions.keys import dense
from inferencemax_spider.versions.shape import with_axes

TEXTS = ("model", "sequence", "hwKey", "precision", "date", "image")
NUMBERS = ("conc", "tp", "y", "inter_x", "e2e_x", "costh_y", "costn_y", "costr_y")
CURVE = ("model", "sequence", "hwKey")
EDITION = "hardware_edition"
ON_FRONT = {"inter_x": 1, "e2e_x": 2}
"""The bit of ``front`` that says that a point is on its curve's front, by the axis that throughput is drawn against."""
WITHIN_PRECISION = 4
"""What that bit is multiplied by for the front among the points of one precision."""
_SHOWN = dict.fromkeys(("model_name", "sequence_length", "data_type", "x", EDITION, *TEXTS, *NUMBERS))
_CONFIGURATION = dict.fromkeys((*static_json.LAYOUT.identity, *NATURAL_KEY))


def read(path: Path) -> pa.Table:
    """Return the columns of the ``benchmarks.parquet`` at *path* that a report shows; without rows if there is no file.

    The ``label`` is what a model is called: its name on the site, with its key where several go by one name. The x axes
    are two columns in both generations.

    Raises:
        OperationalError: the file cannot be read.
    """
    table = with_axes(_stored(path, _SHOWN))
    kinds = (
        {"model": pa.string()} | dict.fromkeys((*TEXTS, EDITION), pa.string()) | dict.fromkeys(NUMBERS, pa.float64())
    )
    for name in kinds.keys() - {"sequence", *table.column_names}:
        table = table.append_column(name, pa.nulls(table.num_rows, kinds[name]))
    return table.append_column("label", _labels(table)).append_column("sequence", table["sequence_length"])


def _stored(path: Path, wanted: Iterable[str]) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
            return file.read(columns=[name for name in wanted if name in names])
    except FileNotFoundError:
        return LATEST.schema.empty_table()
    except (OSError, pa.ArrowException) as error:
        raise OperationalError(f"cannot read {path}: {error}") from error


def _columns(path: Path, wanted: Iterable[str]) -> Iterator[pa.ChunkedArray]:
    """Yield those of the *wanted* columns that the file at *path* has."""
    for name in wanted:
        yield from _stored(path, (name,)).columns


def placed(records: pa.Table) -> pa.Table:
    """Return those of *records*, as :func:`read` has them, that have a throughput and a place on an axis."""
    return records.filter(_has_place(records))


def number_placed(records: pa.Table) -> int:
    """Return how many of *records* are placed."""
    return int(pc.sum(_has_place(records)).as_py() or 0)


def _has_place(records: pa.Table) -> pa.ChunkedArray:
    somewhere = pc.or_kleene(pc.is_finite(records["inter_x"]), pc.is_finite(records["e2e_x"]))
    return pc.and_kleene(somewhere, pc.is_finite(records["y"]))


def charted(records: pa.Table) -> pa.Table:
    """Return the points of those of *records* that are placed, with the fronts that they lie on.

    The columns are those of ``TEXTS`` and ``NUMBERS``, and ``front``, a sum of bits.
    """
    there = placed(records)
    columns = {name: there[name] for name in (*TEXTS, *NUMBERS)} | {"model": there["label"]}
    return _with_fronts(pa.table(columns))


def _with_fronts(points: pa.Table) -> pa.Table:
    """Return *points* with the column ``front``: which fronts each lies on, of its curve and of its precision there."""
    front = np.zeros(points.num_rows, dtype=np.int8)
    for factor, scope in ((1, CURVE), (WITHIN_PRECISION, (*CURVE, "precision"))):
        groups = dense(points[name] for name in scope)
        for axis, bit in ON_FRONT.items():
            x, y = points[axis].to_numpy(), points["y"].to_numpy()
            front += factor * bit * pareto_fronts(groups, x, y, smaller_x=axis == "e2e_x", larger_y=True)
    return points.append_column("front", pa.array(front))


def newest(path: Path) -> npt.NDArray[np.int64]:
    """Return which rows of the file at *path* are the newest measurement of their configuration, as places in it.

    Raises:
        OperationalError: the file cannot be read.
    """
    # One column after the other: together they would take more room than all that the report shows.
    configurations = dense(_columns(path, _CONFIGURATION))
    days = dense(pc.fill_null(column, "") for column in _columns(path, ("date",)))
    rows = np.arange(len(configurations))
    order = np.lexsort((rows, np.broadcast_to(days, rows.shape), configurations))
    last = np.append(configurations[order][1:] != configurations[order][:-1], True)
    return np.sort(order[last])


def fronts_first(points: pa.Table, number: int) -> pa.Table:
    """Return at most *number* of the *points*, those on fronts before the others, in the order in which they are."""
    dominated = points["front"].to_numpy() == 0
    order = np.argsort(dominated, kind="stable")
    return points.take(np.sort(order[:number]))


def sequences(names: Iterable[str]) -> list[str]:
    """Return the *names* of sequences by their lengths; those that name none come last.

    >>> sequences(["agentic-traces", "8k-1k", "1k-8k", "1000-1k"])
    ['1000-1k', '1k-8k', '8k-1k', 'agentic-traces']
    """
    return sorted(names, key=_lengths)


def _lengths(name: str) -> tuple[Sequence[int], str]:
    lengths = re.fullmatch(r"(\d{1,9})(k?)-(\d{1,9})(k?)", name)
    if not lengths:
        return [2**62], name
    isl, isl_k, osl, osl_k = lengths.groups()
    return [int(isl) * (1024 if isl_k else 1), int(osl) * (1024 if osl_k else 1)], name


def _labels(table: pa.Table) -> pa.ChunkedArray:
    """Return what each row's model is called."""
    name, key = table["model_name"], table["model"]
    pairs = table.group_by(["model_name", "model"], use_threads=False).aggregate([])
    keys_of = pairs.group_by("model_name", use_threads=False).aggregate([("model", "count")])
    shared = keys_of["model_name"].filter(pc.greater(keys_of["model_count"], 1))
    if not len(shared):
        return name
    spelt_out = pc.binary_join_element_wise(name, pc.binary_join_element_wise("(", key, ")", ""), " ")
    return pc.if_else(pc.is_in(name, shared), pc.coalesce(spelt_out, name), name)
