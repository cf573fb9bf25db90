"""The end of a run: when all feeds are closed, check it, write its summary, publish it, and show it."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.extensions.feedexport import FeedExporter

from inferencemax_spider import arguments, terminal
from inferencemax_spider import summary as manifest
from inferencemax_spider.extensions.base import RunExtension, require_endpoints
from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.quality import checks
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Manifest(RunExtension):
    """Write ``summary.json``, publish the version and print the table.

    ``summary`` is the manifest of a run that has ended, ``None`` before that. Findings are logged as errors, one line
    each, before the table.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.summary: dict[str, Any] | None = None
        self._reason: str | None = None
        self._feeds_closed = not crawler.settings.getdict("FEEDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the manifest of *crawler*."""
        require_endpoints(crawler)
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_closed, signals.spider_closed)
        crawler.signals.connect(extension.feeds_closed, signals.feed_exporter_closed)
        return extension

    @property
    def workspace(self) -> Workspace:
        """The workspace of the run."""
        return Workspace.of(self.crawler)

    @property
    def ledger(self) -> Ledger:
        """The ledger of the run."""
        return Ledger.of(self.crawler)

    def spider_closed(self, reason: str) -> None:
        """Remember why the spider was closed."""
        self._reason = reason
        if self.crawler.get_extension(FeedExporter) is None and not self._feeds_closed:
            self.ledger.output_errors["feeds"] = "Scrapy disabled the feed exports; its log says why"
            self._feeds_closed = True
        self._finish_when_ready()

    def feeds_closed(self) -> None:
        """Go on, now that the feeds' files are whole and their statistics known."""
        self._feeds_closed = True
        self._finish_when_ready()

    def _finish_when_ready(self) -> None:
        if self._reason is not None and self._feeds_closed:
            self.summary = self._finished(self._reason)
            self._show(self.summary)

    def _finished(self, reason: str) -> dict[str, Any]:
        """Write the summary and publish what is to be published; return the summary."""
        summary = self._summarised(reason)
        try:
            self._write(summary)
            if summary["status"] != "cancelled" and not self.ledger.output_errors:
                self.workspace.publish(move_latest=summary["status"] != "failed")
        except OSError as error:
            self.ledger.output_failed(str(self.workspace.folder), error)
            return self._summarised(reason)
        return summary

    def _summarised(self, reason: str) -> dict[str, Any]:
        outcomes, stats = self.ledger.outcomes(), self.crawler.stats.get_stats()
        spider = self.crawler.spider
        assert isinstance(spider, EndpointSpider)
        share = self.crawler.settings.getfloat("REJECTED_SHARE_MAX")
        answers = checks.run_all(outcomes, stats, share, spider.promised, spider.remarks)
        status = manifest.status_of(outcomes, answers, reason, self.ledger.output_errors)
        return {
            "spider": self.crawler.spidercls.name,
            "version": self.workspace.version,
            "status": status,
            "exit_status": manifest.EXIT_STATUS[status],
            "finish_reason": reason,
            "site": manifest.site(outcomes),
            "arguments": arguments.scope(spider.arguments),
            **manifest.build(outcomes, answers, stats),
            "output_errors": self.ledger.output_errors,
            "timings": manifest.timings(self.workspace.started_at, self.ledger.network_seconds, stats),
            "software": manifest.software(),
            "files": manifest.files(self.workspace.folder),
        }

    def _write(self, summary: dict[str, Any]) -> None:
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (self.workspace.folder / manifest.FILE_NAME).write_text(f"{text}\n", encoding="utf-8")

    def _show(self, summary: dict[str, Any]) -> None:
        """Log each failed check, then print the table: on standard output, unless a feed goes there."""
        for line in terminal.failed_checks(summary):
            logger.error("%s", line)
        taken = any(str(uri).startswith("stdout:") for uri in self.crawler.settings.getdict("FEEDS"))
        stream = sys.stderr if taken else sys.stdout
        try:
            console = terminal.Output(file=stream, width=None if stream.isatty() else terminal.WIDTH)
            terminal.show(console, summary, self.workspace)
            stream.flush()
        except OSError as error:
            logger.warning("The table could not be printed: %s", error.strerror)
            # What is left in the buffer would fail again when Python closes the stream, and change the exit status.
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
