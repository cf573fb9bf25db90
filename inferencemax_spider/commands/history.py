"""``scrapy history``: one metric over all stored versions."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from inferencemax_spider import catalog
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.commands._status import listed
from inferencemax_spider.exporters.csv_text import csv_header, csv_rows
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import series
from inferencemax_spider.versions.adopt import PUBLISHED
from inferencemax_spider.versions.stored import StoredVersion, all_of

FORMATS = (".csv", ".parquet")


class Command(ScrapyCommand):
    """Collect a metric from all stored versions; exit with 0 collected, 1 nothing or not written, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [metric]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Collect one metric over all stored versions as tidy CSV or Parquet"

    def long_desc(self) -> str:
        """Return the description with what a value is."""
        return (
            f"{self.short_desc()}: the best value of each curve (model, sequence, hwKey, precision), or the best on "
            "its Pareto front at a given interactivity. The metric is any numeric column; default: "
            f"{series.Wanted().metric}. Exit status: 0 collected; 1 there is nothing, or it cannot be written; "
            "2 wrong usage. Versions that cannot be read are named, and passed over."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that say what to collect, and where to write it."""
        super().add_options(parser)
        parser.add_argument("--spider", metavar="NAME", help="only the versions of this spider (default: all)")
        parser.add_argument(
            "--interactivity",
            type=_numbers,
            default=[],
            metavar="TOK_S_USER",
            help="the best value with at least so many tok/s/user, read from the front; several, comma separated "
            "(default: the best value overall)",
        )
        parser.add_argument("--models", type=listed, default=[], metavar="NAMES", help="only these, comma separated")
        parser.add_argument("--sequences", type=_sequences, default=[], metavar="NAMES", help="only these: 1k/1k,1k/8k")
        parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="only from this day on")
        parser.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="only up to this day")
        place = parser.add_mutually_exclusive_group()
        place.add_argument("-o", "--output", type=_file, metavar="FILE", help="write to a new file, .csv or .parquet")
        place.add_argument(
            "-O", "--overwrite-output", type=_file, metavar="FILE", help="the same, over an existing one"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Collect the metric that *args* name, and set the exit status."""
        if len(args) > 1 or any(arg.startswith("-") for arg in args):
            raise UsageError(f"name one metric; given: {' '.join(args)}")
        wanted = series.Wanted(
            metric=args[0] if args else series.Wanted().metric,
            interactivities=opts.interactivity,
            models=opts.models,
            sequences=opts.sequences,
            since=opts.since,
            until=opts.until,
        )
        self.exitcode = _status.of("history", lambda: self._collected(wanted, opts))

    def _collected(self, wanted: series.Wanted, opts: argparse.Namespace) -> int:
        """Write the rows; return the exit status."""
        if wanted.metric not in series.METRIC_NAMES:
            raise ArgumentError(f"there is no metric {wanted.metric!r}; valid: {', '.join(series.METRIC_NAMES)}")
        if opts.output and opts.output.exists():
            raise ArgumentError(f"{opts.output} is there already; -O overwrites it")
        found = (table for table in series.collect(self._versions(opts.spider), wanted, _warn) if table.num_rows)
        first = next(found, None)
        if first is None:
            return _status.told("history", f"no stored version has a value of {wanted.metric} for that", _status.FAILED)
        _write(opts.output or opts.overwrite_output, _then(first, found))
        return 0

    def _versions(self, spider: str | None) -> Iterator[StoredVersion]:
        """Yield the versions of *spider*, or of all, oldest first; what was published twice, once."""
        assert self.settings is not None
        output = opening.opened(self.settings)
        spiders = sorted(path.name for path in output.glob("*") if path.is_dir())
        if spider and spider not in spiders:
            raise ArgumentError(
                f"no spider {spider!r} has versions in {output}; there are: {', '.join(spiders) or 'none'}"
            )
        for name in [spider] if spider else [name for name in spiders if name != PUBLISHED]:
            yield from all_of(output / name)


def _write(path: Path | None, tables: Iterator[pa.Table]) -> None:
    """Write the *tables* to the file at *path*, whole or not at all; as CSV to standard output without one."""
    if path is None:
        _write_csv(sys.stdout.buffer, tables)
        return
    with _replacing(path) as file:
        (_write_csv if path.suffix == ".csv" else _write_parquet)(file, tables)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of *path* when all is written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(file: BinaryIO, tables: Iterator[pa.Table]) -> None:
    file.write(csv_header(series.SCHEMA.names))
    for table in tables:
        file.writelines(csv_rows([table]))


def _write_parquet(file: BinaryIO, tables: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(file, series.SCHEMA, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _then(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest


def _warn(message: str) -> None:
    sys.stderr.write(f"scrapy history: warning: {message}\n")


def _sequences(text: str) -> list[str]:
    known = (*catalog.SEQUENCES, catalog.AGENTIC)
    try:
        return [catalog.find("sequence", name, known).label for name in listed(text)]
    except catalog.UnknownNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _numbers(text: str) -> list[float]:
    with suppress(ValueError):
        numbers = sorted({float(part) for part in listed(text)})
        if numbers[0] > 0 and numbers[-1] < math.inf:
            return numbers
    raise argparse.ArgumentTypeError(f"{text!r} is no interactivity in tok/s/user, such as 20,50")


def _day(text: str) -> str:
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat()
    raise argparse.ArgumentTypeError(f"{text!r} is no day of the form YYYY-MM-DD")


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} ends with none of {', '.join(FORMATS)}")
    return path
