"""One body with 200,000 records: validation, counts, three CSVs and Parquet, against one item per record."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.process import ROOT, Measured, crawl, demo_site, run
from inferencemax_spider.catalog import MODELS, SEQUENCES

RECORDS = 200_000
RECORDS_ONE_BY_ONE = 20_000
RECORDS_PER_SECOND = 40_000
FASTER_THAN_ITEMS = 10
PEAK_MEGABYTES = 600
ENDPOINT = f"{MODELS[0].slug}-{SEQUENCES[0].slug}-e2e.json"


def figures() -> Iterator[Figure]:
    """Measure the rate, its ratio to that of the other way, and the memory."""
    with tempfile.TemporaryDirectory() as folder:
        ours, seconds = _ours(Path(folder))
        theirs = _theirs(Path(folder))
    rate, other = RECORDS / seconds, RECORDS_ONE_BY_ONE / theirs
    yield at_least(f"{RECORDS:,} records in one body", rate, RECORDS_PER_SECOND, "records/s")
    yield at_least("the same work, faster than one item per record", rate / other, FASTER_THAN_ITEMS)
    yield at_most("peak memory of the whole process", ours.peak_bytes / 1e6, PEAK_MEGABYTES, "MB")


def _ours(folder: Path) -> tuple[Measured, float]:
    """Return the process that replays a stored body through the whole of the pipelines, and the seconds of the run."""
    site = folder / "site"
    body = site / "data" / "inference-performance" / ENDPOINT
    body.parent.mkdir(parents=True)
    _write_body(body, RECORDS)
    chosen = ("-a", f"models={MODELS[0].slug}", "-a", f"sequences={SEQUENCES[0].slug}", "-a", "data_types=e2e")
    with demo_site("--site", str(site)) as url:
        crawl(folder / "first", "-a", f"base_url={url}", *chosen)
    replay = folder / "first" / "inferencemax" / "latest"
    measured, summary = crawl(folder / "second", "-a", f"replay={replay}", *chosen)
    if summary["records"] != RECORDS:
        raise RuntimeError(f"{summary['records']} of {RECORDS} records came through")
    return measured, float(summary["timings"]["seconds"])


def _write_body(path: Path, records: int) -> None:
    """Write a body of so many *records*, in a process of its own: a child's peak memory begins with its parent's."""
    code = f"from inferencemax_spider.demo import Dataset; print(Dataset().big_body({records}, 'e2e').decode())"
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=file, check=True)


def _theirs(folder: Path) -> float:
    """Return the seconds that a crawl with one item per record takes for fewer records."""
    body = folder / "records.json"
    _write_body(body, RECORDS_ONE_BY_ONE)
    result = folder / "seconds"
    run("-m", "benchmarks.per_record", str(body), str(folder), str(result))
    return float(result.read_text(encoding="ascii"))
