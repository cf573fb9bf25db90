"""``scrapy crosscheck``: what two sources agree in, so that one may take the place of the other."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader

from inferencemax_spider import terminal
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.commands._status import percentage
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import crosscheck_page
from inferencemax_spider.versions.crosscheck import CrossCheck, crosscheck
from inferencemax_spider.versions.overview import spiders
from inferencemax_spider.versions.store import LATEST
from inferencemax_spider.versions.stored import StoredVersion, UnknownVersionError, find

DIFFERENT = 3
COLUMNS = ("model", "sequence", "hwKey", "agree", "differ", "only_first", "only_second")


class Command(ScrapyCommand):
    """Compare what two spiders collected; exit with 0 they agree, 3 they differ, 1 unreadable, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] SPIDER SPIDER"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Compare the latest versions of two spiders: may one take the place of the other?"

    def long_desc(self) -> str:
        """Return the description with what is compared, and the exit statuses."""
        return (
            f"{self.short_desc()} Records are matched as scrapy diff does it, but only in what both runs were asked "
            "for; the rest is named. SPIDER/VERSION takes another version than the latest. Exit status: 0 they agree; "
            "3 they differ, or there is nothing to compare; 1 a version is not there or cannot be read; 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the comparison."""
        super().add_options(parser)
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="table",
            help="table, md or json of all that was found; csv of the curves",
        )
        parser.add_argument(
            "--threshold",
            type=percentage,
            default=0.0,
            metavar="PCT",
            help="relative difference of a metric, in percent, below which it agrees (default: 0)",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Compare what *args* name, and set the exit status."""
        if len(args) != 2:  # noqa: PLR2004 - a comparison is between two
            raise UsageError(f"name two spiders, such as: inferencex dashboard; given: {' '.join(args) or 'none'}")
        self.exitcode = _status.of("crosscheck", lambda: self._checked(args, opts))

    def _checked(self, names: list[str], opts: argparse.Namespace) -> int:
        first, second = map(self._version, names)
        if first == second:
            raise ArgumentError(f"{names[0]} and {names[1]} are one version; name two")
        check = crosscheck(first, second, tolerance=opts.threshold)
        FORMATS[opts.format](check)
        return 0 if check.agrees else DIFFERENT

    def _version(self, name: str) -> StoredVersion:
        """Return the version that *name* stands for: the latest of a spider, or the one after its ``/``.

        Raises:
            ArgumentError: there is no such spider.
            OperationalError: it has no such version.
        """
        assert self.settings is not None
        output, (spider, _, version) = opening.opened(self.settings), name.partition("/")
        valid = {*get_spider_loader(self.settings).list(), *(root.name for root in spiders(output))}
        if spider not in valid:
            raise ArgumentError(f"there is no spider {spider!r}; valid: {', '.join(sorted(valid))}")
        try:
            return find(output, f"{spider}/{version or LATEST}")
        except UnknownVersionError as error:
            raise OperationalError(str(error)) from None


def _table(check: CrossCheck) -> None:
    crosscheck_page.show(terminal.Output(width=None if sys.stdout.isatty() else terminal.WIDTH), check)


def _markdown(check: CrossCheck) -> None:
    for line in crosscheck_page.markdown(check):
        print(line)


def _json(check: CrossCheck) -> None:
    print(json.dumps(crosscheck_page.document(check), ensure_ascii=False, indent=2))


def _csv(check: CrossCheck) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(crosscheck_page.curves(check))


FORMATS: dict[str, Callable[[CrossCheck], None]] = {"table": _table, "json": _json, "csv": _csv, "md": _markdown}
