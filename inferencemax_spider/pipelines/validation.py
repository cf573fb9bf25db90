"""Pipeline 100: read the body into records and rejections, and decide the endpoint's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from inferencemax_spider.items import EndpointCapture, Served
from inferencemax_spider.parsers.bulk import BodyError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector


class ValidationPipeline:
    """Validate each capture as a whole, and count what was refused by field.

    Stats: ``records/count``, ``records/rejected``, ``records/duplicate``, ``endpoints/<state>``,
    ``field/<name>/{missing,invalid,unknown}``.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline of *crawler*."""
        return cls(crawler.stats)

    def process_item(self, item: EndpointCapture) -> EndpointCapture:
        """Fill in records, rejections, duplicates, state and reason of *item*."""
        if item.failure is not None:
            item.state, item.reason = "failed", item.failure.reason
        elif item.served is not None:
            self._read(item, item.served)
        self._count(item)
        return item

    @staticmethod
    def _read(item: EndpointCapture, served: Served) -> None:
        if served.damage:
            item.state, item.reason = "invalid", served.damage
            return
        try:
            parsed = item.parser(served.body, item.endpoint)
        except BodyError as error:
            item.state, item.reason = "invalid", str(error)
            return
        item.records, item.rejections, item.unknown_fields = parsed.records, parsed.rejections, parsed.unknown_fields
        item.unpriced, item.entries, item.table = parsed.unpriced, parsed.entries, parsed.table
        item.unasked = parsed.unasked
        item.duplicates = item.records.repeated()
        if len(item.records) or item.entries:
            item.state = "ok"
        elif item.unasked:
            item.state, item.reason = "invalid", f"nothing of what was asked for, but {_listed(item.unasked)}"
        elif item.rejections:
            item.state, item.reason = "invalid", f"none of its {len(item.rejections)} records is valid"
        else:
            item.state, item.reason = "empty", "an empty array where records were expected"

    def _count(self, item: EndpointCapture) -> None:
        self.stats.inc_value(f"endpoints/{item.state}")
        self.stats.inc_value("records/count", len(item.records))
        self.stats.inc_value("records/rejected", len(item.rejections))
        self.stats.inc_value("records/duplicate", len(item.duplicates))
        for name, count in item.unknown_fields.items():
            self.stats.inc_value(f"field/{name}/unknown", count)
        for rejection in item.rejections:
            for fault in rejection.faults:
                self.stats.inc_value(f"field/{fault.field}/{'missing' if fault.missing else 'invalid'}")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} rows of {what}" for what, count in counts.items())
