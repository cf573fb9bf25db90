"""The end of a run: when all feeds are closed, check it, write its summary, publish it, and show it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.extensions.feedexport import FeedExporter

from inferencemax_spider import arguments, terminal
from inferencemax_spider import summary as manifest
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.extensions.base import RunExtension, require_endpoints
from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.notify import channels, rules
from inferencemax_spider.notify.message import compose
from inferencemax_spider.quality import expectations
from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence
from inferencemax_spider.quality.suite import judge
from inferencemax_spider.spiders.base import EndpointSpider
from inferencemax_spider.versions import dataset, diff, retention
from inferencemax_spider.versions.stored import StoredVersion, run_before

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

UNTIL_SENT = 0.02
"""Seconds after which a request that is under way has left this process."""


class Manifest(RunExtension):
    """Write ``summary.json``, publish the version and print the table.

    ``summary`` is the manifest of a run that has ended, ``None`` before that. Findings are logged as errors, one line
    each, before the table.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        settings = crawler.settings
        book = expectations.load(settings["EXPECTATIONS_FILE"], settings.getfloat("REJECTED_SHARE_MAX"))
        self.expectations = book.of(crawler.spidercls.name)
        self.channels = channels.configured(os.environ, settings["NOTIFY_FILE"])
        self.rules = rules.parsed(settings["NOTIFY_ON"])
        self.summary: dict[str, Any] | None = None
        self._reason: str | None = None
        self._feeds_closed = not crawler.settings.getdict("FEEDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the manifest of *crawler*."""
        require_endpoints(crawler)
        extension = cls(crawler)
        crawler.signals.connect(extension.request_sent, signals.request_reached_downloader)
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

    def request_sent(self) -> None:
        """Use the wait for the first answer to load what the report needs."""
        self.crawler.signals.disconnect(self.request_sent, signals.request_reached_downloader)
        asyncio.get_running_loop().call_later(UNTIL_SENT, lambda: _report().prepare())

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
            self._tidy_up()
            self._notify(self.summary)

    def _finished(self, reason: str) -> dict[str, Any]:
        """Write the summary and publish what is to be published; return the summary."""
        summary = self._summarised(reason)
        try:
            self._write_dataset(summary)
            summary = self._reported(summary)
            self._write(summary)
            if summary["status"] != "cancelled" and not self.ledger.output_errors:
                self.workspace.publish(move_latest=summary["status"] != "failed")
                if finding := self.workspace.stranded:
                    check = Check("latest", "latest leads to this version", "not moved", (finding,))
                    return _incomplete(summary, check)
        except OSError as error:
            self.ledger.output_failed(str(self.workspace.folder), error)
            return self._summarised(reason)
        return summary

    def _summarised(self, reason: str) -> dict[str, Any]:
        outcomes, stats = self.ledger.outcomes(), self.crawler.stats.get_stats()
        spider = self.crawler.spider
        assert isinstance(spider, EndpointSpider)
        errors, part = self.ledger.output_errors, manifest.shard(spider)
        idle = manifest.idle(spider, outcomes)
        summary = {
            "spider": self.crawler.spidercls.name,
            "version": self.workspace.version,
            "status": manifest.status_of(outcomes, reason, errors, passed=True, idle=idle),
            "finish_reason": reason,
            "job": self.crawler.settings.get("JOB"),
            "site": manifest.site(outcomes),
            "arguments": arguments.scope(spider.arguments),
            "generation": spider.generation,
            "shard": part,
            "promised": dict(spider.promised),
            "remarks": spider.remarks,
            **manifest.build(outcomes, stats),
            "output_errors": errors,
            "timings": manifest.timings(self.workspace.started_at, self.ledger.network_seconds, stats),
            "software": manifest.software(),
        }
        evidence = Evidence(self.workspace.folder, summary, self.expectations)
        answers = judge(evidence)
        passed = not any(answer.decisive for answer in answers)
        status = manifest.status_of(outcomes, reason, errors, passed=passed, idle=idle)
        return summary | {
            "status": status,
            "exit_status": manifest.EXIT_STATUS[status],
            "checks": [answer.summarised() for answer in answers],
            "changes": _changes(evidence),
            "files": {},
        }

    def _reported(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Write the report, and return the *summary* with what is known only then: all files.

        A report that cannot be made costs nothing but itself; the run is incomplete then. There is none of outputs that
        could not be written.
        """
        if not summary["output_errors"]:
            try:
                _report().write(self.workspace.folder, summary)
            except Exception as error:
                if not isinstance(error, OSError | OperationalError):
                    logger.exception("The report could not be made")
                summary = _without_report(summary, error)
        return summary | {"files": manifest.files(self.workspace.folder)}

    def _write_dataset(self, summary: dict[str, Any]) -> None:
        """Write the records once more as a dataset, where that is asked for."""
        wanted = str(self.crawler.settings["PARQUET_DATASET"])
        if not summary["output_errors"] and (self.workspace.mirror if wanted == "auto" else wanted == "1"):
            dataset.write(self.workspace.folder, self.workspace.version)

    def _write(self, summary: dict[str, Any]) -> None:
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (self.workspace.folder / manifest.FILE_NAME).write_text(f"{text}\n", encoding="utf-8")

    def _tidy_up(self) -> None:
        """Let go of versions that need not stay, now that there is a newer one."""
        if self.workspace.published is None or not self.workspace.new:
            return
        settings = self.crawler.settings
        policy = retention.Policy(settings.getint("VERSIONS_KEEP"), settings.getint("VERSIONS_MAX_AGE_DAYS") or None)
        report = retention.apply(self.workspace.published.parent, policy, datetime.now(UTC))
        for error in report.errors:
            logger.warning("Old versions could not be tidied up: %s", error)
        if report.removed:
            logger.info("Old versions removed: %s", ", ".join(report.removed))

    def _notify(self, summary: dict[str, Any]) -> None:
        """Tell who wants to know; what does not reach them is reported, and changes nothing."""
        settings, place = self.crawler.settings, self.workspace.published or self.workspace.folder
        before = run_before(place.parent, summary)
        if not (self.channels and self.workspace.new and rules.due(summary, before, self.rules)):
            return
        message = compose(summary, before, place)
        for delivery in channels.deliver(message, self.channels, settings.getfloat("NOTIFY_TIMEOUT")):
            if delivery.ok:
                logger.info("Notified %s", delivery.channel)
            else:
                logger.warning("Could not notify %s: %s", delivery.channel, delivery.reason)

    def _show(self, summary: dict[str, Any]) -> None:
        """Log each failed check, then print the table: on standard output, unless a feed goes there."""
        for line in terminal.failed_checks(summary):
            logger.error("%s", line)
        for line in terminal.failed_checks(summary, "warning"):
            logger.warning("%s", line)
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


def _report() -> ModuleType:
    """Return the module that writes the report; loading it is left for when there is an answer to wait for."""
    return import_module("inferencemax_spider.report.page")


def _without_report(summary: dict[str, Any], error: Exception) -> dict[str, Any]:
    """Return the *summary* of a run whose report could not be made."""
    reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    finding = f"report.html could not be made: {reason}"
    return _incomplete(summary, Check("report", "a report", "none", (finding,)))


def _incomplete(summary: dict[str, Any], check: Check) -> dict[str, Any]:
    """Return the *summary* of a run of which a *check* failed that was made after all others."""
    status: manifest.RunStatus = "incomplete" if summary["status"] == "complete" else summary["status"]
    checks = [*summary["checks"], check.summarised()]
    return summary | {"checks": checks, "status": status, "exit_status": manifest.EXIT_STATUS[status]}


def _changes(evidence: Evidence) -> dict[str, Any] | None:
    """Return the difference to the version before; ``None`` where one of the two cannot be read."""
    if not evidence.recent:
        return diff.summary()
    previous = evidence.previous
    try:
        difference = diff.compare(StoredVersion(previous.folder).records(), StoredVersion(evidence.folder).records())
    except OperationalError as error:
        logger.warning("No difference to %s: %s", previous.name, error)
        return None
    return diff.summary(difference, since=previous.name)
