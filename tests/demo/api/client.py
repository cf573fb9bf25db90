"""A client of the API that speaks HTTP and checks what holds for every answer."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import ApiDataset
from tests.demo.client import Reply, ask, connect

Row = dict[str, Any]

SEQUENCES = ((1024, 1024), (1024, 8192), (8192, 1024))
AGENTIC: dict[str, object] = {"benchmarkType": "agentic_traces"}
IDENTITY = (
    *("hardware", "framework", "model", "precision", "spec_method", "disagg", "is_multinode"),
    *("prefill_tp", "prefill_ep", "prefill_dp_attention", "prefill_num_workers"),
    *("decode_tp", "decode_ep", "decode_dp_attention", "decode_num_workers"),
    *("num_prefill_gpu", "num_decode_gpu", "isl", "osl", "conc"),
)


@dataclass(frozen=True)
class Api:
    """The API of a site."""

    site: DemoSite

    def reply(self, path: str, headers: dict[str, str] | None = None, /, **query: object) -> Reply:
        """Return the whole answer to a GET of *path* with *query*."""
        with closing(connect(self.site.base_url)) as connection:
            return ask(connection, f"{path}?{urlencode(query)}" if query else path, headers)

    def body(self, path: str, /, **query: object) -> bytes:
        """Return the body of the healthy answer to *path* below ``/api/v1/``."""
        reply = self.reply(f"/api/v1/{path}", **query)
        assert (reply.status, reply.headers["content-type"]) == (200, "application/json"), reply
        return gzip.decompress(reply.body)

    def json(self, path: str, /, **query: object) -> Any:
        """Return the JSON of the healthy answer to *path* below ``/api/v1/``."""
        return json.loads(self.body(path, **query))

    def history(self, model: str) -> list[Row]:
        """Return all rows of *model*: the histories of its sequences and of its agentic traces."""
        queries: list[dict[str, object]] = [{"isl": isl, "osl": osl} for isl, osl in SEQUENCES]
        return [row for query in (*queries, AGENTIC) for row in self.json("benchmarks/history", model=model, **query)]

    def all_history(self, dataset: ApiDataset) -> list[Row]:
        """Return the histories of all models of *dataset*."""
        return [row for name in dataset.models for row in self.history(name)]


def configuration(row: Row) -> tuple[Any, ...]:
    """Return what a row is the measurement of: older rows do not say that nothing was offloaded."""
    fields = (*(row[name] for name in IDENTITY),)
    return (*fields, row.get("benchmark_type", "single_turn"), row.get("offload_mode", "off"))


def order(row: Row) -> tuple[str, str]:
    """Return what sorts the rows of one configuration by age: of two runs of a date, the attempt."""
    return row["date"], (row["run_url"] or "/attempts/1").rpartition("/")[2]


def newest(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    """Return the newest of *rows* for each configuration."""
    return {configuration(row): row for row in sorted(rows, key=order)}


def key(row: Row) -> tuple[Any, ...]:
    """Return the natural key of a row of the history."""
    return (*configuration(row), row["date"], row["run_url"])


def as_history(row: Row) -> Row:
    """Return a row of the benchmarks as it should stand in the history."""
    metrics = {name: value for name, value in row["metrics"].items() if not name.startswith(("mean_", "std_"))}
    return {name: value for name, value in row.items() if name != "image"} | {"metrics": metrics}
