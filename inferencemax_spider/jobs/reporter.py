"""The extension that keeps the report of a job: how far it is, then what became of it."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from inferencemax_spider.extensions.base import require_endpoints
from inferencemax_spider.extensions.manifest import Manifest
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.items import EndpointCapture
from inferencemax_spider.jobs import report
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

PAUSE = 1.0
"""Seconds between two reports, at least."""


class JobReporter:
    """Report on a job of Scrapyd. It comes before all that write: a job that has run here already is refused."""

    def __init__(self, crawler: Crawler, path: Path) -> None:
        self.crawler = crawler
        self.path = path
        self.report = report.claim(path)
        self.done = 0
        self._written = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the reporter of *crawler*."""
        require_endpoints(crawler)
        if (path := report.place(crawler.settings)) is None:
            raise NotConfigured
        reporter = cls(crawler, path)
        crawler.signals.connect(reporter.spider_opened, signals.spider_opened)
        crawler.signals.connect(reporter.item_scraped, signals.item_scraped)
        crawler.signals.connect(reporter.engine_stopped, signals.engine_stopped)
        return reporter

    def spider_opened(self, spider: Spider) -> None:
        """Say how much is planned."""
        self._write(self._progress(spider))

    def item_scraped(self, item: Any, spider: Spider) -> None:
        """Say how much is done, if that was not said just now."""
        self.done += isinstance(item, EndpointCapture)
        if monotonic() - self._written >= PAUSE:
            self._write(self._progress(spider))

    def engine_stopped(self) -> None:
        """Say what became of the run, now that its version is published."""
        manifest, spider = self.crawler.get_extension(Manifest), self.crawler.spider
        assert spider
        if manifest is None or manifest.summary is None:
            lost = "the run ended without a summary; its log says why"
            ended: dict[str, Any] = {"status": report.FAILED, "exit_status": 1, "findings": [lost]}
        else:
            workspace = Workspace.of(self.crawler)
            ended = report.result(manifest.summary, workspace.published or workspace.folder)
        self._write({**self._progress(spider), **ended})

    def _progress(self, spider: Spider) -> dict[str, Any]:
        assert isinstance(spider, EndpointSpider)
        return {"done": self.done, "planned": len(spider.plan)}

    def _write(self, more: dict[str, Any]) -> None:
        report.write(self.path, {**self.report, **more})
        self._written = monotonic()
