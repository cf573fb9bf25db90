"""Records of both generations, as the Parquet files of versions have them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.versions import diff_rows
from inferencemax_spider.versions.diff import Difference

Row = dict[str, Any]

STATIC: Row = {
    "source": "static-json",
    "model_name": "gpt-oss 120B",
    "sequence_length": "1k-1k",
    "data_type": "e2e",
    "conc": 16,
    "hwKey": "b200",
    "precision": "fp4",
    "tp": 4,
    "x": 8.0,
    **{f"{name}_y": 100.0 for name in static_json.CURVES},
    **{f"{name}_roof": True for name in static_json.CURVES},
    "y": 100.0,
}
LIVE: Row = {
    "source": "api-v1",
    "model_name": "gpt-oss-120b",
    "model": "gptoss120b",
    "sequence_length": "1k-1k",
    "isl": 1024,
    "osl": 1024,
    "conc": 16,
    "hwKey": "b200_trt",
    "hardware": "b200",
    "framework": "trt",
    "spec_method": "none",
    "precision": "fp4",
    "tp": 4,
    "date": "2026-05-05",
    "run_url": "https://example.org/1",
    "tpPerGpu_y": 100.0,
    "tput_per_gpu": 100.0,
    "e2e_x": 8.0,
    "inter_x": 50.0,
    "e2e_roof": True,
}


def static(*changes: Row) -> pa.Table:
    return pa.Table.from_pylist([STATIC | change for change in changes], schema=static_json.LAYOUT.schema)


def live(*changes: Row) -> pa.Table:
    return pa.Table.from_pylist([LIVE | change for change in changes], schema=api_v1.LATEST.schema)


def rows_of(difference: Difference) -> list[Row]:
    return [row for table in diff_rows.tables(difference) for row in table.to_pylist()]
