"""``scrapy crawl``: Scrapy's own command, with an exit status that tells what became of the run."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
from contextlib import suppress
from typing import cast

from scrapy import signals
from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured, UsageError
from scrapy.settings import SETTINGS_PRIORITIES

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands._status import FAILED, USAGE, told
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.extensions.manifest import Manifest
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.jobs import report

CANCELLED = 130


class Command(ScrapyCrawl):
    """Run a spider; exit with 0 complete, 3 incomplete, 1 failed, 2 wrong usage, 130 cancelled.

    ``name`` is what it is called by where something is wrong.
    """

    name = "crawl"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}. Exit status: 0 everything planned was collected and all checks pass; "
            "3 collected, but a check failed; 1 nothing usable was collected or outputs could not be written; "
            "2 wrong usage; 130 cancelled."
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the level of the log, which is set up before the crawl is."""
        # Until the crawl starts there is hardly anything but what stays: see _start_collecting.
        gc.disable()
        super().process_options(args, opts)
        assert self.settings is not None
        # Scrapyd names the job in an argument of the spider.
        self.settings.set("JOB", opts.spargs.get("_job"), priority="cmdline")
        level = str(self.settings["LOG_LEVEL"])
        if level not in logging.getLevelNamesMapping():
            valid = ", ".join(logging.getLevelNamesMapping())
            raise UsageError(f"setting LOG_LEVEL={level!r} is no level; valid: {valid}", print_help=False)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider that *args* names, and set the exit status."""
        self._quiet_scrapy()
        self.exitcode = self._crawl(args, opts)

    def _quiet_scrapy(self) -> None:
        """Leave Scrapy's own log to warnings, unless a level was asked for."""
        assert self.settings is not None
        if (self.settings.getpriority("LOG_LEVEL") or 0) < SETTINGS_PRIORITIES["cmdline"]:
            logging.getLogger("scrapy").setLevel(logging.WARNING)

    def _crawl(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.crawler_process
        spiders = self.crawler_process.spider_loader.list()
        if len(args) != 1 or args[0] not in spiders:
            given = " ".join(args) or "none"
            return told(self.name, f"name one spider; given: {given}; valid: {', '.join(spiders)}", USAGE)
        crawler = self._create_crawler(args[0])
        crawler.signals.connect(_hear_of_shutdown, signals.engine_started)
        crawler.signals.connect(_start_collecting, signals.engine_started)
        task = cast("asyncio.Task[None]", self.crawler_process.crawl(crawler, **opts.spargs))
        self.crawler_process.start()
        return _result(self.name, crawler, task)


def _hear_of_shutdown() -> None:
    """Let Scrapy say that it is stopping and how to stop it at once; what it says before the crawl is of less use."""
    logging.getLogger("scrapy.crawler").setLevel(logging.INFO)


def _start_collecting() -> None:
    """Collect garbage from now on, and leave out what was imported: looking through it takes as long as a request."""
    gc.freeze()
    gc.enable()


def _result(command: str, crawler: Crawler, task: asyncio.Task[None]) -> int:
    """Return the exit status of the run that *task* was."""
    if not task.done() or task.cancelled():
        folder = Workspace.of(crawler).folder
        reason = f"stopped before the outputs were written; what was collected is in {folder}"
        return _ended(command, crawler, reason, CANCELLED)
    if error := task.exception():
        with suppress(RuntimeError, NotConfigured, OSError):
            Workspace.of(crawler).abandon()
        return _explained(command, crawler, error)
    manifest = crawler.get_extension(Manifest)
    if manifest is None or manifest.summary is None:
        return told(command, "the run ended without a summary; the log says why", FAILED)
    return int(manifest.summary["exit_status"])


def _explained(command: str, crawler: Crawler, error: BaseException) -> int:
    """Tell in one line why a run did not start; what was not foreseen is raised with its traceback."""
    if isinstance(error, ArgumentError):
        return _ended(command, crawler, str(error), USAGE)
    if isinstance(error, OperationalError):
        return _ended(command, crawler, str(error), FAILED)
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    report.ended(crawler.settings, f"internal error: {reason}; its log says more", FAILED)
    raise error


def _ended(command: str, crawler: Crawler, reason: str, status: int) -> int:
    """Tell in one line why a run has no summary: here, and in the report of the job that it may be."""
    report.ended(crawler.settings, reason, status)
    return told(command, reason, status)
