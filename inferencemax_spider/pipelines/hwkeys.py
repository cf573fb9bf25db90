"""Pipeline 200: count the hwKeys of each endpoint, model and run.

A hwKey that vanishes is the loss that a count of records does not show; so each one is counted by name, and the ones
that must be there are counted even when they are not.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from inferencemax_spider.items import EndpointCapture

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

ALWAYS_COUNTED = "b200_trt"
"""The hwKey that was once lost without anybody noticing; it is counted by name everywhere, zero included."""


class HwKeyPipeline:
    """Count hwKeys into the capture and into the stats.

    Stats: ``hwkeys/<hwKey>``, ``hwkeys/<model>/<hwKey>``, ``hwkeys/<model> <sequence> <data type>/<hwKey>``.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline of *crawler*."""
        return cls(crawler.stats)

    def process_item(self, item: EndpointCapture) -> EndpointCapture:
        """Fill in ``hwkeys`` of *item*."""
        counts = {entry["values"]: entry["counts"] for entry in item.records.table["hwKey"].value_counts().to_pylist()}
        item.hwkeys = Counter({key: counts[key] for key in sorted(counts)})
        for scope in ("", f"{item.endpoint.model}/", f"{item.endpoint.name}/"):
            for hwkey in {ALWAYS_COUNTED, *item.endpoint.expected_hwkeys, *item.hwkeys}:
                self.stats.inc_value(f"hwkeys/{scope}{hwkey}", item.hwkeys[hwkey])
        return item
