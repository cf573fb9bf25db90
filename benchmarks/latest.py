"""The newest rows of 15 models at 150 ms latency: against a plain pool of as many connections."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.crawl import pool_seconds
from benchmarks.figure import Figure, at_most
from benchmarks.process import crawl, demo_site
from inferencemax_spider.spiders.inferencex import InferencexSpider

MODELS = 15
LATENCY_SECONDS = 0.15
SLOWER_THAN_POOL = 2


def figures() -> Iterator[Figure]:
    """Measure the network phase: two first answers, then the models."""
    connections = (InferencexSpider.custom_settings or {})["CONCURRENT_REQUESTS_PER_DOMAIN"]
    options = ("--latency", str(LATENCY_SECONDS), "--api-models", str(MODELS))
    with demo_site(*options) as site, tempfile.TemporaryDirectory() as folder:
        _, summary = crawl(Path(folder), "-a", f"base_url={site}", spider="inferencex")
        urls = [urlsplit(entry["url"]) for entry in summary["endpoint_details"]]
        paths = [f"{url.path}?{url.query}" for url in urls]
        pool = pool_seconds(site, paths[:2], connections) + pool_seconds(site, paths[2:], connections)
    network = summary["timings"]["network_seconds"]
    name = f"network phase of {MODELS} models, against a pool of {connections} connections"
    yield at_most(name, network / pool, SLOWER_THAN_POOL)
