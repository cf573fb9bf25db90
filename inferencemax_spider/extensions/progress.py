"""How far the crawl is: a bar on a terminal, one line per endpoint otherwise."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from scrapy import signals
from scrapy.utils.log import get_scrapy_root_handler

from inferencemax_spider.extensions.base import require_endpoints
from inferencemax_spider.items import Endpoint, EndpointCapture
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Progress:
    """Show each endpoint as it ends."""

    def __init__(self, *, on_terminal: bool) -> None:
        self.done = 0
        self.plan: list[Endpoint] = []
        self.bar = _bar() if on_terminal else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the progress of *crawler*."""
        require_endpoints(crawler)
        progress = cls(on_terminal=sys.stderr.isatty() and not crawler.settings["LOG_FILE"])
        crawler.signals.connect(progress.spider_opened, signals.spider_opened)
        crawler.signals.connect(progress.item_scraped, signals.item_scraped)
        crawler.signals.connect(progress.spider_closed, signals.spider_closed)
        return progress

    def spider_opened(self, spider: Spider) -> None:
        """Start counting."""
        assert isinstance(spider, EndpointSpider)
        self.plan = spider.plan
        if self.bar:
            self.bar.add_task("", total=len(self.plan))
            self.bar.start()
            _log_to(sys.stderr)

    def item_scraped(self, item: Any) -> None:
        """Show the endpoint that *item* is the end of."""
        if not isinstance(item, EndpointCapture):
            return
        self.done += 1
        if self.bar:
            task = self.bar.task_ids[0]
            self.bar.update(task, total=len(self.plan), advance=1, description=item.endpoint.name)
            return
        came = f"{len(item.records) or item.entries} records" if item.state == "ok" else item.reason
        logger.info("%d/%d %s: %s, %s", self.done, len(self.plan), item.endpoint.name, item.state, came)

    def spider_closed(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.stop()
            _log_to(sys.stderr)


def _bar() -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bar(*columns, console=Console(stderr=True), transient=True)


def _log_to(stream: Any) -> None:
    """Let the log go where standard error goes now: through the bar while it is there, which then stays below it."""
    handler = get_scrapy_root_handler()
    if isinstance(handler, logging.StreamHandler):
        handler.setStream(stream)
