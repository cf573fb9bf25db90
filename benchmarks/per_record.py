"""The same work with one item per record: what a Scrapy tutorial would do, with stock exporters."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any, Self

import scrapy
from pydantic import TypeAdapter
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.statscollectors import StatsCollector

from inferencemax_spider.parsers.static_json import Row

ROW = TypeAdapter(Row)


class PerRecordSpider(scrapy.Spider):
    """Yield each record of the file ``body`` as an item."""

    name = "per_record"
    body: str

    async def start(self) -> AsyncIterator[Any]:
        """Yield the records."""
        for record in json.loads(Path(self.body).read_bytes()):  # noqa: ASYNC240 - it has nothing else to do
            yield record


class ValidatePipeline:
    """Validate a record."""

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return *item* when it is valid."""
        ROW.validate_python(item)
        return item


class CountPipeline:
    """Count the hwKeys."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline of *crawler*."""
        return cls(crawler.stats)

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Count the hwKey of *item*; flatten it."""
        self.stats.inc_value(f"hwkeys/{item['hwKey']}")
        flat: dict[str, Any] = {}
        for name, value in item.items():
            flat |= {f"{name}_{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        return flat


class RawPipeline:
    """Keep each record as a line of JSON."""

    file: IO[str]

    def open_spider(self) -> None:
        """Open the file."""
        self.file = Path(sys.argv[2], "raw.jsonl").open("w", encoding="utf-8")  # noqa: SIM115 - closed with the spider

    def close_spider(self) -> None:
        """Close the file."""
        self.file.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Write *item*."""
        self.file.write(json.dumps(item) + "\n")
        return item


def main(body: str, folder: Path, result: Path) -> None:
    """Run the crawl over the file *body* into *folder*; write the seconds it took to *result*."""
    process = AsyncCrawlerProcess(
        {
            "ITEM_PIPELINES": {ValidatePipeline: 100, CountPipeline: 200, RawPipeline: 300},
            "FEEDS": {str(folder / f"{name}.csv"): {"format": "csv"} for name in ("e2e", "interactivity", "merged")},
            "LOG_LEVEL": "WARNING",
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
        }
    )
    crawler = process.create_crawler(PerRecordSpider)
    process.crawl(crawler, body=body)
    process.start()
    result.write_text(str(crawler.stats.get_value("elapsed_time_seconds")), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
