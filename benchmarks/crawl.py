"""18 endpoints at 80 ms latency each: against the predecessor's way, and against a plain pool of connections."""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.process import crawl, demo_site, run
from inferencemax_spider.demo import Dataset

LATENCY_SECONDS = 0.08
CONNECTIONS = 8
FASTER_THAN_PREDECESSOR = 6
SLOWER_THAN_POOL = 2


def figures() -> Iterator[Figure]:
    """Measure the whole process and its network phase."""
    with demo_site("--latency", str(LATENCY_SECONDS)) as site, tempfile.TemporaryDirectory() as folder:
        ours, summary = crawl(Path(folder), "-a", f"base_url={site}")
        theirs = run("-m", "benchmarks.predecessor", site, folder)
        pool = pool_seconds(site, list(Dataset().paths()), CONNECTIONS)
    yield at_least(
        "whole crawl, faster than the sequential client", theirs.seconds / ours.seconds, FASTER_THAN_PREDECESSOR
    )
    network = summary["timings"]["network_seconds"]
    yield at_most(f"network phase, against a pool of {CONNECTIONS} connections", network / pool, SLOWER_THAN_POOL)


def pool_seconds(site: str, paths: Sequence[str], connections: int) -> float:
    """Return how long a pool of threads, each with its connection, takes for the bodies at *paths*."""
    local = threading.local()

    def fetched(path: str) -> int:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(urlsplit(site).netloc)
        local.connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        return len(local.connection.getresponse().read())

    with ThreadPoolExecutor(connections) as pool:
        start = time.perf_counter()
        list(pool.map(fetched, paths))
        return time.perf_counter() - start
