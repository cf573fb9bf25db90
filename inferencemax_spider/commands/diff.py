"""``scrapy diff``: what differs between two versions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pyarrow as pa
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from inferencemax_spider import terminal
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.commands._status import listed, percentage
from inferencemax_spider.exporters.csv_text import csv_header, csv_rows
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import diff, diff_page, diff_rows
from inferencemax_spider.versions.diff import Difference
from inferencemax_spider.versions.shape import of_models

DIFFERENT = 3


class Command(ScrapyCommand):
    """Compare two versions; exit with 0 no difference, 3 differences, 1 unreadable, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] <version> <version>"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Compare two versions: records added, removed and changed"

    def long_desc(self) -> str:
        """Return the description with the ways to name a version, and the exit statuses."""
        return (
            f"{self.short_desc()}. A version is named by its time, as latest or previous, after SPIDER/ where several "
            "spiders have it, or by its folder. Records are matched by their full natural key, hwKey included. "
            "Exit status: 0 no difference; 3 records were added, removed or changed; 1 a version cannot be read; "
            "2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the comparison."""
        super().add_options(parser)
        parser.add_argument(
            "--format", choices=FORMATS, default="table", help="table or md of curves, csv or json of records"
        )
        parser.add_argument(
            "--threshold",
            type=percentage,
            default=0.0,
            metavar="PCT",
            help="relative change of a metric, in percent, below which it counts as unchanged (default: 0)",
        )
        parser.add_argument("--models", type=listed, default=[], metavar="NAMES", help="only these, comma separated")
        parser.add_argument(
            "--metrics",
            type=listed,
            metavar="NAMES",
            help="compare only these columns, comma separated",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Compare the versions that *args* name, and set the exit status."""
        if len(args) != 2:  # noqa: PLR2004 - a difference is between two
            raise UsageError(f"name two versions, such as: previous latest; given: {' '.join(args) or 'none'}")
        self.exitcode = _status.of("diff", lambda: self._compared(args, opts))

    def _compared(self, names: list[str], opts: argparse.Namespace) -> int:
        """Print the difference of the two versions with these *names*; return the exit status."""
        assert self.settings is not None
        tables = [version.records() for version in [opening.find(self.settings, name) for name in names]]
        if opts.models:
            tables = _of_models(tables, opts.models)
        difference = diff.compare(*tables, tolerance=opts.threshold, metrics=opts.metrics)
        FORMATS[opts.format](difference)
        return DIFFERENT if difference.found else 0


def _of_models(tables: list[pa.Table], models: list[str]) -> list[pa.Table]:
    """Return of each of the *tables* the rows of these *models*."""
    for model in models:
        if not any(of_models(table, [model]).num_rows for table in tables):
            there = sorted({name for table in tables for name in table["model_name"].unique().to_pylist()})
            raise ArgumentError(f"no record is of model {model!r}; there are: {', '.join(there)}")
    return [of_models(table, models) for table in tables]


def _table(difference: Difference) -> None:
    width = None if sys.stdout.isatty() else terminal.WIDTH
    diff_page.show(terminal.Output(width=width), difference)


def _markdown(difference: Difference) -> None:
    for line in diff_page.markdown(difference):
        print(line)


def _csv(difference: Difference) -> None:
    """Print the rows as CSV; without a difference only the header."""
    write = sys.stdout.buffer.write
    write(csv_header(diff_rows.columns(difference)))
    for lines in csv_rows(diff_rows.tables(difference)):
        write(lines)


def _json(difference: Difference) -> None:
    """Print the rows as one JSON array of objects, a line each."""
    separator = "[\n"
    for table in diff_rows.tables(difference):
        for row in table.to_pylist():
            print(separator, json.dumps(row, ensure_ascii=False), sep="", end="")
            separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


FORMATS: dict[str, Callable[[Difference], None]] = {"table": _table, "json": _json, "csv": _csv, "md": _markdown}
