"""``scrapy versions``: what is in the store, whether it is whole, and what may leave it."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.filesize import decimal
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand

from inferencemax_spider import knobs, terminal
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import opening
from inferencemax_spider.storage.place import shown
from inferencemax_spider.versions import retention
from inferencemax_spider.versions.integrity import verify
from inferencemax_spider.versions.overview import Row, rows, spiders
from inferencemax_spider.versions.stored import StoredVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

CHANGED = 3
FORMATS = ("table", "json", "csv")
NONE_YET = "There are no versions yet; scrapy crawl makes one."


class Command(ScrapyCommand):
    """List the stored versions, show or verify one, or prune them."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[list | show VERSION | verify VERSION | prune] [options]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "List the stored versions, show or verify one, or prune them"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}. VERSION is a version's name, latest or previous, after SPIDER/ where several "
            "spiders have versions, or its folder. Exit status: 0 done; 1 something could not be read, removed or "
            "compressed; 2 wrong usage; 3 verify found files that are missing or changed."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command."""
        super().add_options(parser)
        parser.add_argument("--spider", metavar="NAME", help="list, prune: only the versions of this spider")
        parser.add_argument(
            "--format", default=FORMATS[0], help=f"list: {', '.join(FORMATS)} (default: %(default)s)", metavar="FORMAT"
        )
        parser.add_argument("--keep", metavar="N", help="prune: usable versions that stay, instead of VERSIONS_KEEP")
        parser.add_argument(
            "--max-age", metavar="DAYS", help="prune: days that a version stays, instead of VERSIONS_MAX_AGE_DAYS"
        )
        parser.add_argument("--unfinished", action="store_true", help="prune: also what unfinished runs have left")
        parser.add_argument("--dry-run", action="store_true", help="prune: change nothing, say what would be done")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Do what *args* ask for, and set the exit status."""
        self.exitcode = _status.of("versions", lambda: self._done(args or ["list"], opts))

    def _done(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        knobs.check(self.settings)
        match args:
            case ["list"]:
                return _list(_roots(opening.opened(self.settings), opts.spider), _chosen(opts.format))
            case ["show", text]:
                return _show(opening.find(self.settings, text))
            case ["verify", text]:
                return _verify(opening.find(self.settings, text))
            case ["prune"]:
                return self._prune(_roots(opening.opened(self.settings), opts.spider), opts)
        raise ArgumentError(f"cannot make out {' '.join(args)!r}; usage: scrapy versions {self.syntax()}")

    def _prune(self, roots: list[Path], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        policy = retention.Policy(
            keep=_number("--keep", opts.keep) or self.settings.getint("VERSIONS_KEEP", retention.KEEP),
            max_age_days=_number("--max-age", opts.max_age) or self.settings.getint("VERSIONS_MAX_AGE_DAYS") or None,
        )
        if not roots:
            print(NONE_YET)
        options = {"with_unfinished": opts.unfinished, "dry_run": opts.dry_run}
        reports = {root: retention.apply(root, policy, datetime.now(UTC), **options) for root in roots}
        for root, report in reports.items():
            for line in list(report.lines(dry_run=opts.dry_run)) or ["nothing to remove or to compress"]:
                print(f"{root.name}: {line}")
        errors = [
            _status.told("versions", line, _status.FAILED) for report in reports.values() for line in report.errors
        ]
        return max(errors, default=0)


def _roots(output: Path, spider: str | None) -> list[Path]:
    """Return the folders of the spiders that have versions, or that of the one that was named.

    Raises:
        ArgumentError: the one that was named has none.
    """
    roots = spiders(output)
    if spider is None:
        return roots
    if spider not in (names := [root.name for root in roots]):
        raise ArgumentError(f"no versions of a spider {spider!r} in {output}; valid: {', '.join(names) or 'none yet'}")
    return [output / spider]


def _chosen(name: str) -> str:
    if name not in FORMATS:
        raise ArgumentError(f"--format {name!r} is unknown; valid: {', '.join(FORMATS)}")
    return name


def _number(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise ArgumentError(f"{option} {text!r} is no whole number from 1 to 999999")
    return int(text)


def _list(roots: Iterable[Path], form: str) -> int:
    listed = [row for root in roots for row in rows(root)]
    if form == "json":
        print(json.dumps([asdict(row) for row in listed], ensure_ascii=False, indent=2))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, [entry.name for entry in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in listed)
    elif listed:
        _console().print(_table(listed))
    else:
        print(NONE_YET)
    return 0


def _table(listed: Iterable[Row]) -> Table:
    table = Table("spider")
    table.add_column("version", no_wrap=True)
    table.add_column("started (UTC)")
    table.add_column("status")
    for name in ("records", "hwKeys", "failed", "size"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in listed:
        marks = ", ".join(name for name, holds in (("latest", row.latest), ("compressed", row.compressed)) if holds)
        cells = (
            row.spider,
            row.version,
            (row.started_at or "–")[:16].replace("T", " "),
            row.status,
            _count(row.records),
        )
        checks = "–" if row.checks is None else f"{row.checks_failed} of {row.checks}"
        table.add_row(*map(Text, (*cells, _count(row.hwkeys), checks, decimal(row.size), marks)))
    return table


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _console() -> terminal.Output:
    return terminal.Output(width=None if sys.stdout.isatty() else terminal.WIDTH)


@dataclass(frozen=True)
class _Place:
    """Where a run is, as the table asks for it: a stored version is published."""

    folder: Path
    published: Path


def _show(version: StoredVersion) -> int:
    """Print the table of the run that *version* is, with its arguments and its files."""
    console, summary = _console(), version.summary
    try:
        terminal.show(console, summary, _Place(version.folder, version.folder))
        given = ", ".join(f"{name}={value}" for name, value in summary["arguments"].items()) or "none"
        console.print(Text(f"Site: {summary['site']}\nSpider arguments: {given}"), soft_wrap=True)
        console.print(_files(summary["files"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise OperationalError(f"the summary of {version.folder} is not one of this release: {error!r}") from error
    return 0


def _files(files: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="Files", title_justify="left")
    table.add_column("name", overflow="fold")
    table.add_column("size", justify="right")
    table.add_column("SHA-256", no_wrap=True)
    for name, entry in files.items():
        table.add_row(*map(Text, (name, decimal(entry["bytes"]), entry["sha256"])))
    return table


def _verify(version: StoredVersion) -> int:
    """Compare the files of *version* with their digests, and print what is wrong."""
    faults = verify(version)
    for line in faults:
        print(line)
    print(f"{shown(version.folder)}: {len(faults) or 'no'} files differ from what was written")
    return CHANGED if faults else 0
