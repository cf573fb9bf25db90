"""A page of 100 records from the data service, over 100,000: against the bare DuckDB query that it makes."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.process import crawl, data_service, demo_site
from inferencemax_spider.versions.stored import RECORDS

ROWS = 100_000
LIMIT = 100
ROUNDS = 300
WARM_UP = 20
CLIENTS = 8
COLUMNS = ("model", "sequence_length", "hwKey", "precision", "conc", "inter_x", "tput_per_gpu")
PATH = (
    "/v1/spiders/inferencex/versions/latest/records"
    f"?precision=fp4&sort=-tput_per_gpu&columns={','.join(COLUMNS)}&limit={LIMIT}"
)
MEDIAN_OF_QUERY = 3
NINETY_NINTH_OF_QUERY = 4
RATE_OF_QUERY = 0.5


def figures() -> Iterator[Figure]:
    """Measure latencies in turn with those of the query, and then the rate with several clients."""
    with tempfile.TemporaryDirectory() as folder:
        version = _crawled(Path(folder))
        with data_service(Path(folder)) as url, duckdb.connect(":memory:") as database:
            with closing(_connection(url)) as connection:
                ours, theirs = _in_turn(lambda: _page(connection), lambda: _query(database, version / RECORDS))
            rate = _rate(url)
    yield _latency("median latency of the service, against the bare DuckDB query", ours, theirs, 50, MEDIAN_OF_QUERY)
    yield _latency("99th percentile of both", ours, theirs, 99, NINETY_NINTH_OF_QUERY)
    alone = 1 / statistics.median(theirs)
    figure = at_least(
        f"requests a second of {CLIENTS} clients, of queries one after another", rate / alone, RATE_OF_QUERY
    )
    yield replace(figure, measured=f"{figure.measured} ({rate:,.0f} of {alone:,.0f})")


def _crawled(output: Path) -> Path:
    with demo_site("--generation", "api", "--api-scale", str(ROWS)) as site:
        crawl(output, "-a", f"base_url={site}", "-a", "mode=history", spider="inferencex")
    return (output / "inferencex" / "latest").resolve()


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc)


def _page(connection: http.client.HTTPConnection) -> int:
    """Return how many records a page has."""
    connection.request("GET", PATH)
    reply = connection.getresponse()
    body = reply.read()
    assert reply.status == 200, body
    return len(json.loads(body)["records"])


def _query(database: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return how many rows the query gives that answers the same question."""
    query = (
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?) WHERE precision IN (?) ORDER BY tput_per_gpu DESC LIMIT ?"  # noqa: S608 - constants
    )
    return len(database.sql(query, params=[str(path), "fp4", LIMIT]).fetchall())


def _in_turn(*sides: Callable[[], int]) -> list[list[float]]:
    """Return the seconds of each of the *sides*, which are measured in turn; both bring as many rows."""
    seconds: list[list[float]] = [[] for _ in sides]
    for round_ in range(WARM_UP + ROUNDS):
        for taken, side in zip(seconds, sides, strict=True):
            start = time.perf_counter()
            assert side() == LIMIT
            if round_ >= WARM_UP:
                taken.append(time.perf_counter() - start)
    return seconds


def _latency(name: str, ours: list[float], theirs: list[float], percentile: int, bound: float) -> Figure:
    one, other = (statistics.quantiles(side, n=100)[percentile - 1] for side in (ours, theirs))
    figure = at_most(name, one / other, bound)
    return replace(figure, measured=f"{figure.measured} ({one * 1000:.1f} ms, {other * 1000:.1f} ms)")


def _rate(url: str) -> float:
    """Return the pages a second that several clients get."""

    def client(_: int) -> None:
        with closing(_connection(url)) as connection:
            for _ in range(ROUNDS // CLIENTS):
                assert _page(connection) == LIMIT

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return CLIENTS * (ROUNDS // CLIENTS) / (time.perf_counter() - start)
