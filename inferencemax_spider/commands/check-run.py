"""``scrapy check-run``: judge a stored version again.

Scrapy calls a command by the name of its module: hence the hyphen in that of this one.
"""
# ruff: noqa: N999 - as the docstring says

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from inferencemax_spider import terminal
from inferencemax_spider.commands import _status
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.quality import expectations
from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence, UnanswerableError
from inferencemax_spider.quality.suite import judge
from inferencemax_spider.storage import opening
from inferencemax_spider.versions.store import LATEST
from inferencemax_spider.versions.stored import RECORDS

FAILED_CHECKS = 3
NEEDED = frozenset({"version", "status", "finish_reason", "timings", "coverage", "endpoint_details"})
"""What a summary must say for its version to be judged; a monitor is skipped for want of anything else."""


class Command(ScrapyCommand):
    """Judge a version; exit with 0 all checks pass, 3 one failed, 1 unreadable, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy declares it so

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [version]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Run the quality monitors on a stored version (default: latest)"

    def long_desc(self) -> str:
        """Return the description with the ways to name a version, and the exit statuses."""
        return (
            f"{self.short_desc()}, which is compared with the one before it and not changed. A version is named by its "
            "time, as latest or previous, after SPIDER/ where several spiders have it, or by its folder. Exit status: "
            "0 no finding of severity error; 3 there are some; 1 the version cannot be read; 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the format."""
        super().add_options(parser)
        parser.add_argument("--format", choices=FORMATS, default="table", help="table of all monitors, or json")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Judge the version that *args* names, and set the exit status."""
        if len(args) > 1:
            raise UsageError(f"name one version, or none for the latest; given: {' '.join(args)}")
        self.exitcode = _status.of("check-run", lambda: self._judged(args[0] if args else LATEST, opts))

    def _judged(self, name: str, opts: argparse.Namespace) -> int:
        """Print what the monitors say of the version called *name*; return the exit status."""
        evidence = self._evidence(name)
        checks = judge(evidence)
        FORMATS[opts.format](evidence, checks)
        return FAILED_CHECKS if any(check.decisive for check in checks) else 0

    def _evidence(self, name: str) -> Evidence:
        """Return what there is to judge the version called *name* by.

        Raises:
            OperationalError: it cannot be read.
        """
        assert self.settings is not None
        book = expectations.load(self.settings.get("EXPECTATIONS_FILE"), self.settings.getfloat("REJECTED_SHARE_MAX"))
        version = opening.find(self.settings, name)
        summary = version.saying(NEEDED)
        evidence = Evidence(version.folder, summary, book.of(summary.get("spider", version.spider)))
        if RECORDS in version.summary.get("files", ()):
            try:
                _ = evidence.version.metadata
            except UnanswerableError as error:
                raise OperationalError(str(error)) from None
        return evidence


def _table(evidence: Evidence, checks: Sequence[Check]) -> None:
    console = terminal.Output(width=None if sys.stdout.isatty() else terminal.WIDTH)
    since = f"compared with {evidence.previous.name}" if evidence.recent else "without an earlier one to compare with"
    console.print(f"{evidence.version.name}, {since}", highlight=False)
    answers = [check.summarised() for check in checks]
    console.print(terminal.monitors(answers))
    terminal.show_findings(console, {"checks": answers, "output_errors": {}})


def _json(evidence: Evidence, checks: Sequence[Check]) -> None:
    document = {
        "version": evidence.version.name,
        "previous": evidence.previous.name if evidence.recent else None,
        "checks": [check.summarised() for check in checks],
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))


FORMATS: dict[str, Callable[[Evidence, Sequence[Check]], Any]] = {"table": _table, "json": _json}
