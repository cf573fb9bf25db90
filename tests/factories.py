"""Rows, bodies, endpoints, captures and outcomes, made up from a seed where it does not matter what they hold."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from inferencemax_spider import settings as project
from inferencemax_spider.extensions.ledger import Ledger, Outcome
from inferencemax_spider.extensions.spool import Spool
from inferencemax_spider.items import Endpoint, EndpointCapture, FetchFailure, Served
from inferencemax_spider.parsers import static_json
from inferencemax_spider.pipelines.hwkeys import HwKeyPipeline
from inferencemax_spider.pipelines.validation import ValidationPipeline
from inferencemax_spider.records import Records
from inferencemax_spider.spiders.inferencemax import InferencemaxSpider

RECORDED = Path(__file__).parents[2] / "shared" / "data" / "static-2025-10-25"
needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded bodies are not on this machine")

MODEL = "gpt-oss 120B"
HWKEYS = ("b200", "b200_trt", "mi300x", "gb200_mtp")
NOON = datetime(2025, 10, 25, 12, tzinfo=UTC)

Given = TypeVar("Given")
Row = dict[str, Any]


def present(value: Given | None) -> Given:
    """Return *value*, which must be there."""
    assert value is not None
    return value


def crawler(**settings: Any) -> Crawler:
    """Return a crawler of the spider that does not run, with these *settings* over Scrapy's own."""
    made = get_crawler(InferencemaxSpider, {"EXTENSIONS": {Ledger: 1, Spool: 2}} | settings)
    made.spider = InferencemaxSpider()
    return made


def stats_of(crawler: Crawler) -> dict[str, Any]:
    """Return the stats that *crawler* has by now."""
    return dict(present(crawler.stats).get_stats())


def project_settings(**changes: Any) -> Settings:
    """Return the settings of the project with *changes*."""
    settings = Settings()
    settings.setmodule(project)
    settings.update(changes, priority="cmdline")
    return settings


def row(throughput: float = 980.389, /, **changes: Any) -> Row:
    """Return a valid record as the site serves it, with *changes*; a change to ``...`` takes the field away."""
    whole: Row = {"x": 7.213, "y": throughput, "conc": 16, "tp": 4, "hwKey": "mi300x", "precision": "fp4"}
    whole |= {name: {"y": throughput, "roof": True} for name in static_json.CURVES}
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def rows(count: int, seed: int = 0) -> list[Row]:
    """Return *count* valid records that differ."""
    rng = random.Random(seed)  # noqa: S311 - made-up numbers, not secrets
    return [
        row(
            round(rng.uniform(1, 5000), 3),
            x=round(rng.uniform(0.1, 300), 3),
            conc=place + 1,
            tp=rng.choice([1, 2, 4, 8]),
            hwKey=rng.choice(HWKEYS),
            precision=rng.choice(["fp4", "fp8"]),
            costh={"y": round(rng.uniform(0.01, 3), 3), "roof": rng.random() < 0.5},
        )
        for place in range(count)
    ]


def body(*records: Any) -> bytes:
    """Return the array of *records* as a body."""
    return json.dumps(records, ensure_ascii=False).encode()


def endpoint(index: int = 0, data_type: str = "e2e", **changes: Any) -> Endpoint:
    """Return a planned endpoint."""
    fields: dict[str, Any] = {
        "url": f"http://127.0.0.1/data/inference-performance/gpt-oss-120b-1k_8k-{data_type}.json",
        "model": MODEL,
        "sequence": "1k-8k",
        "expected_hwkeys": ("b200_trt",),
    }
    return Endpoint(index=index, data_type=data_type, **(fields | changes))


def served(content: bytes, **changes: Any) -> Served:
    """Return the answer with this *content*."""
    fields: dict[str, Any] = {"status": 200, "content_type": "application/json", "fetched_at": NOON}
    return Served(body=content, **(fields | changes))


def capture(
    content: bytes | None = None,
    at: Endpoint | None = None,
    failure: FetchFailure | None = None,
    **answer: Any,
) -> EndpointCapture:
    """Return the capture of the endpoint *at*, as a spider yields it: no pipeline has seen it yet."""
    return EndpointCapture(
        endpoint=at or endpoint(),
        curl="curl http://127.0.0.1/ --compressed",
        attempts=2,
        parser=static_json.parse,
        records=Records(static_json.LAYOUT),
        served=None if content is None else served(content, **answer),
        failure=failure,
    )


def processed(item: EndpointCapture, of: Crawler | None = None) -> EndpointCapture:
    """Return *item* as it is when the pipelines have read and counted it, with the stats in the crawler *of*."""
    of = of or crawler()
    return HwKeyPipeline.from_crawler(of).process_item(ValidationPipeline.from_crawler(of).process_item(item))


def outcome(at: Endpoint | None = None, hwkeys: dict[str, int] | None = None, **changes: Any) -> Outcome:
    """Return the outcome of an endpoint that is ``ok`` and holds these *hwkeys*."""
    counts = Counter({"b200_trt": 2} if hwkeys is None else hwkeys)
    fields: dict[str, Any] = {"state": "ok", "reason": "", "records": counts.total(), "hwkeys": counts}
    return Outcome(at or endpoint(), **(fields | changes))
