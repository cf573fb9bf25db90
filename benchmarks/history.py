"""The history of the live API: 30,000, 100,000 and 300,000 rows from the site to published CSVs and Parquet."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.process import Measured, crawl, demo_site
from inferencemax_spider import envelope
from inferencemax_spider.parsers.api_v1 import ROWS

SIZES = (30_000, 100_000, 300_000)
ROWS_PER_SECOND = 12_000
PEAK_MEGABYTES = 700
OF_THE_FLOOR = 0.5
MORE_MEMORY = 1.25
GROWTH = 1.3
"""How much more a row may cost in the largest crawl than in the middle one, for the cost to count as linear."""


def figures() -> Iterator[Figure]:
    """Measure rate, memory, growth, and the ratio to the floor."""
    costs: list[float] = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measured, seconds, rows = _crawled(size, Path(folder))
            costs.append(seconds / rows)
            yield at_least(
                f"history of {rows:,} rows", rows / seconds, ROWS_PER_SECOND if size == SIZES[-1] else 0, "rows/s"
            )
            yield _memory(rows, measured)
            if size == SIZES[-1]:
                # Before the floor: a child begins with the memory of its parent.
                yield _memory_by_responses(size, measured)
                floor = _floor_seconds(Path(folder) / "inferencex" / "latest")
                yield at_least("rate, of that of validation and writing alone", floor / seconds, OF_THE_FLOOR)
    yield at_most("cost of a row, largest crawl against middle one", costs[-1] / costs[-2], GROWTH)


def _crawled(size: int, folder: Path, *arguments: str) -> tuple[Measured, float, int]:
    with demo_site("--generation", "api", "--api-scale", str(size)) as site:
        wanted = ("-a", f"base_url={site}", "-a", "mode=history", *arguments)
        measured, summary = crawl(folder, *wanted, spider="inferencex")
    return measured, float(summary["timings"]["seconds"]), int(summary["records"])


def _memory(rows: int, measured: Measured) -> Figure:
    return at_most(f"peak memory at {rows:,} rows", measured.peak_bytes / 1e6, PEAK_MEGABYTES, "MB")


def _memory_by_responses(size: int, measured: Measured) -> Figure:
    """Return how much more memory all responses take than those of one model, whose bodies are as large."""
    with tempfile.TemporaryDirectory() as folder:
        few, _, _ = _crawled(size, Path(folder), "-a", "models=dsr1")
    return at_most("peak memory, 55 responses against 6", measured.peak_bytes / few.peak_bytes, MORE_MEMORY)


def _floor_seconds(version: Path) -> float:
    """Return how long pydantic takes to validate the bodies of the *version*, and pyarrow to write its four files."""
    seconds = 0.0
    for path in sorted((version / "raw").glob("history-*.json")):
        body = envelope.read(path)[1]
        start = time.perf_counter()
        ROWS.validate_json(body)
        seconds += time.perf_counter() - start
    table = pq.read_table(version / "benchmarks.parquet")
    csvs = {path.name: pa.csv.read_csv(path) for path in sorted(version.glob("inference_max_*.csv"))}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        pq.write_table(table, Path(folder) / "benchmarks.parquet", compression="zstd")
        for name, rows in csvs.items():
            pa.csv.write_csv(rows, Path(folder) / name)
        seconds += time.perf_counter() - start
    return seconds
