"""What the dashboard derives in the browser from the API's rows: hwKey, tp, curves, prices, Pareto fronts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.hardware import Edition, Gpu, base_gpu, hwkey
from inferencemax_spider.metrics import cost_per_million, pareto_fronts, tp_per_mw

Columns = dict[str, pa.Array]

AGENTIC = "agentic_traces"
AGENTIC_SEQUENCE = "agentic-traces"
TOKENS_PER_K = 1024


def sequence_label(isl: int | None, osl: int | None) -> str:
    """Return the input and output length as it stands in the CSVs.

    >>> sequence_label(1024, 8192), sequence_label(None, None), sequence_label(1000, 1024)
    ('1k-8k', 'agentic-traces', '1000-1k')
    """
    if isl is None or osl is None:
        return AGENTIC_SEQUENCE
    return "-".join(
        f"{tokens // TOKENS_PER_K}k" if tokens % TOKENS_PER_K == 0 else str(tokens) for tokens in (isl, osl)
    )


def derive(columns: Columns, edition: Edition, *, by_date: bool) -> tuple[Columns, Counter[str]]:
    """Return the derived columns, and the hwKeys whose base GPU the *edition* does not know, with their rows.

    *columns* are those of the API under their own names. Fronts are taken among the points of one model key, sequence
    and hwKey; with *by_date*, also of one date.
    """
    agentic = pc.or_(pc.is_null(columns["isl"]), pc.equal(pc.fill_null(columns["benchmark_type"], ""), AGENTIC))
    sequence = mapped(sequence_label, columns["isl"], columns["osl"])
    keys = mapped(hwkey, columns["hardware"], columns["framework"], _unless(agentic, columns["spec_method"]))
    y = columns["tput_per_gpu"]
    derived = {
        "sequence_length": sequence,
        "hwKey": keys,
        "tp": _tp(columns),
        "y": y,
        "tpPerGpu_y": y,
        "e2e_x": pc.coalesce(columns["median_e2el"], columns["median_ttlt"]),
        "inter_x": _interactivity(columns, agentic),
        **_priced(keys, y, edition),
    }
    unpriced = Counter({key: rows for key, rows in _counted(keys) if edition.gpu(key) is None})
    scope = [columns["model"], sequence, keys, *([columns["date"]] if by_date else [])]
    return derived | _fronts(_groups(scope), derived), unpriced


def mapped(function: Callable[..., str], *columns: pa.Array) -> pa.Array:
    """Return *function* of the rows of *columns*, called once for each combination that there is."""
    codes, combinations = _combined(columns)
    return pa.array([function(*values) for values in combinations], type=pa.string()).take(codes)


def _combined(columns: Sequence[pa.Array]) -> tuple[pa.Array, list[tuple[Any, ...]]]:
    """Return for each row the number of its combination of values, and the combinations."""
    texts = [pc.fill_null(pc.cast(column, pa.string()), "\0") for column in columns]
    encoded = pc.binary_join_element_wise(*texts, "\1").dictionary_encode()
    first = pc.index_in(encoded.dictionary, pc.binary_join_element_wise(*texts, "\1"))
    return encoded.indices, list(zip(*(column.take(first).to_pylist() for column in columns), strict=True))


def _groups(columns: Sequence[pa.Array]) -> npt.NDArray[np.int64]:
    codes, _ = _combined(columns)
    return np.asarray(codes, dtype=np.int64)


def _unless(condition: pa.Array, column: pa.Array) -> pa.Array:
    return pc.if_else(condition, pa.scalar(None, column.type), column)


def _tp(columns: Columns) -> pa.Array:
    """Return the GPUs of prefill and decode together where they are different ones, else the tensor parallelism."""
    both = pc.add(columns["num_prefill_gpu"], columns["num_decode_gpu"])
    return pc.if_else(pc.fill_null(columns["disagg"], False), both, columns["decode_tp"])  # noqa: FBT003 - Arrow's API


def _interactivity(columns: Columns, agentic: pa.Array) -> pa.Array:
    """Return tok/s/user: as measured, or 1 / ITL for agentic traces (that of whole responses where there is one)."""
    itl = pc.coalesce(columns["median_full_response_itl"], columns["median_itl"])
    return pc.if_else(agentic, pc.divide(1.0, itl), columns["median_intvty"])


def _counted(keys: pa.Array) -> list[tuple[str, int]]:
    return [(entry["values"], entry["counts"]) for entry in keys.value_counts().to_pylist()]


def _priced(keys: pa.Array, y: pa.Array, edition: Edition) -> Columns:
    """Return throughput per MW and the costs, empty where the *edition* does not know the GPU."""
    encoded = keys.dictionary_encode()
    gpus: list[Gpu | None] = [edition.gpus.get(base_gpu(key)) for key in encoded.dictionary.to_pylist()]
    values = y.to_numpy(zero_copy_only=False)

    def of(attribute: str) -> npt.NDArray[np.float64]:
        per_key = [getattr(gpu, attribute) if gpu else np.nan for gpu in gpus]
        per_row: npt.NDArray[np.float64] = np.asarray(per_key, dtype=np.float64)[np.asarray(encoded.indices)]
        return per_row

    with np.errstate(divide="ignore"):
        priced = {f"{name}_y": cost_per_million(values, of(name)) for name in ("costh", "costn", "costr")}
    priced["tpPerMw_y"] = tp_per_mw(values, of("power_kw"))
    known = np.asarray([gpu is not None for gpu in gpus])[np.asarray(encoded.indices)]
    edition_names = pc.if_else(pa.array(known), edition.name, pa.scalar(None, pa.string()))
    columns = {
        name: pa.array(np.where(np.isfinite(column), column, np.nan), from_pandas=True)
        for name, column in priced.items()
    }
    return columns | {"hardware_edition": edition_names}


def _fronts(groups: npt.NDArray[np.int64], derived: Columns) -> Columns:
    """Return whether each point is on the front of its group, by data type; none where it has no place on it."""
    y = derived["y"].to_numpy(zero_copy_only=False)
    fronts = {}
    for side, smaller_x in (("e2e", True), ("inter", False)):
        x = derived[f"{side}_x"].to_numpy(zero_copy_only=False)
        front = pareto_fronts(groups, x, y, smaller_x=smaller_x, larger_y=True)
        fronts[f"{side}_roof"] = pa.array(front, mask=np.isnan(x) | np.isnan(y))
    return fronts
