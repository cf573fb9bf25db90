"""``scrapy jobs``: where the jobs on Scrapyd's nodes are, and what became of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand

from inferencemax_spider import terminal
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import nodes, overview
from inferencemax_spider.jobs.overview import Row

COLUMNS = ("job", "state", "progress", "result", "records", "seconds", "started (UTC)")
STYLES = {**terminal.STYLES, overview.DIED: "bold red"}


class Command(ScrapyCommand):
    """Show the jobs of all nodes: state, progress and result."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Show the jobs of Scrapyd: state, progress and result"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}, on all nodes. The result is that of the run: complete, incomplete, failed or "
            "cancelled; died is a job that ended without a word. Exit status: 0 all nodes were asked; 1 some cannot "
            "be reached; 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command."""
        super().add_options(parser)
        nodes.add_option(parser)
        parser.add_argument(
            "--format", default="table", metavar="FORMAT", help=f"{', '.join(FORMATS)} (default: %(default)s)"
        )
        parser.add_argument(
            "--last", default=20, type=_number, metavar="N", help="finished jobs of each node (default: %(default)s)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Show the jobs, and set the exit status."""
        self.exitcode = _status.of("jobs", lambda: self._shown(args, opts))

    def _shown(self, args: list[str], opts: argparse.Namespace) -> int:
        if args or opts.format not in FORMATS:
            raise ArgumentError(f"takes only options, and of --format: {', '.join(FORMATS)}; see scrapy jobs -h")
        status, found = 0, []
        for node in nodes.configured(opts.node):
            try:
                found += self._rows(node, opts.last)
            except OperationalError as error:
                status = _status.told("jobs", str(error), _status.FAILED)
        FORMATS[opts.format](found)
        return status

    def _rows(self, node: nodes.Node, last: int) -> list[Row]:
        assert self.settings is not None
        return list(overview.rows(node, self.settings["BOT_NAME"], last))


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 1000:  # noqa: PLR2004 - more than a node keeps
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 1000")
    return int(text)


def _table(found: Sequence[Row]) -> None:
    console = terminal.Output(width=None if sys.stdout.isatty() else terminal.WIDTH)
    for node in dict.fromkeys(row.node for row in found):
        rows = [row for row in found if row.node == node]
        table = Table(*COLUMNS, title=Text(node), title_justify="left")
        for row in rows:
            table.add_row(*_cells(row))
        console.print(table)
        for row in rows:
            for line in overview.remarks(row):
                console.print(Text(f"✗ {row.job}: {line}", style="red"), soft_wrap=True)
    if not found:
        console.print("There are no jobs; scrapy schedule makes one.")


def _cells(row: Row) -> list[Text]:
    texts = (
        row.job,
        row.state,
        f"{row.done}/{row.planned}" if row.planned is not None else "",
        row.result or "",
        "" if row.records is None else f"{row.records:,}",
        "" if row.seconds is None else f"{row.seconds:.1f}",
        (row.started_at or "")[:19].replace("T", " "),
    )
    return [Text(text, style=STYLES.get(text, "")) for text in texts]


def _json(found: Sequence[Row]) -> None:
    print(json.dumps([asdict(row) for row in found], ensure_ascii=False, indent=2))


FORMATS: dict[str, Callable[[Sequence[Row]], None]] = {"table": _table, "json": _json}
