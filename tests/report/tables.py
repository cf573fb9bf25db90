"""Small Parquet files of records, and what else a page is made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inferencemax_spider.parsers.api_v1 import LATEST
from inferencemax_spider.report import points

ROW: dict[str, Any] = {
    "source": "api-v1",
    "model_name": "GLM-5",
    "model": "glm5",
    "sequence_length": "1k-1k",
    "hwKey": "b200_trt",
    "precision": "fp8",
    "conc": 16,
    "tp": 8,
    "tpPerGpu_y": 100.0,
    "y": 100.0,
    "inter_x": 50.0,
    "e2e_x": 20.0,
    "costh_y": 1.5,
    "date": "2026-05-01",
    "hardware_edition": "2026-08",
}


def row(**changes: Any) -> dict[str, Any]:
    """Return a record of the live API with *changes*."""
    return ROW | changes


def stored(folder: Path, *rows: dict[str, Any]) -> Path:
    """Write *rows* into the ``benchmarks.parquet`` of *folder*; return its path."""
    path = folder / "benchmarks.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows), schema=LATEST.schema), path)
    return path


def read(folder: Path, *rows: dict[str, Any]) -> pa.Table:
    """Return *rows* as a report reads them."""
    return points.read(stored(folder, *rows))
