"""The page of 2025 as a whole, in a browser, against the same 18 endpoints of the same site through its API."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, at_most
from benchmarks.process import crawl, demo_site

SLOWER_THAN_API = 6


def figures() -> Iterator[Figure]:
    """Measure both crawls from start to exit, the quicker of two each: a first start reads the files of the browser."""
    with demo_site("--generation", "static") as site, tempfile.TemporaryDirectory() as folder:
        runs = {
            spider: [crawl(Path(folder), "-a", f"base_url={site}", spider=spider) for _ in range(2)]
            for spider in ("inferencemax", "dashboard")
        }
    files = {summary["files"]["inference_max_merged.csv"]["sha256"] for both in runs.values() for _, summary in both}
    assert len(files) == 1, "both must have collected the same"
    api, page = (min(measured.seconds for measured, _ in both) for both in runs.values())
    yield at_most("whole crawl of the page of 2025, against the API's", page / api, SLOWER_THAN_API)
