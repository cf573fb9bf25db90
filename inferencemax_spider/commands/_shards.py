"""What the commands that work with shards on nodes share: options, the view of jobs that are followed, the table."""

from __future__ import annotations

import argparse
import gc
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from inferencemax_spider import terminal
from inferencemax_spider.commands import _status
from inferencemax_spider.jobs import daily, nodes, overview
from inferencemax_spider.jobs.fanout import LOST, MOST_SHARDS, USABLE, Fanout, Task
from inferencemax_spider.jobs.following import follow

CANCELLED = 130
PATIENCE = 60.0
"""Seconds for which a node may be silent before its jobs are lost."""
STYLES = {**terminal.STYLES, overview.DIED: "bold red", LOST: "bold red"}
COLUMNS = ("shard", "node", "job", "result", "records", "seconds")


class Interrupted(Exception):  # noqa: N818 - it is no error: the user has seen enough
    """Whoever follows the jobs does not want to wait any more."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a fanout and say how long its jobs are waited for."""
    nodes.add_option(parser)
    parser.add_argument("--shards", type=_shards, metavar="N", help="into how many parts the plan is divided")
    parser.add_argument("--slot", metavar="NAME", help="what it is run once in (default: the day in UTC)")
    parser.add_argument(
        "--patience",
        type=_seconds,
        default=PATIENCE,
        metavar="SECONDS",
        help="for how long a node may be silent before its shards are lost (default: %(default)g)",
    )
    parser.add_argument(
        "--within",
        type=_seconds,
        default=float(daily.LONGEST_HOURS),
        metavar="HOURS",
        help="how long jobs are followed at most (default: %(default)g)",
    )


def _shards(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SHARDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_SHARDS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:  # noqa: PLR2004 - eleven days, or a century of hours
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def followed(tasks: Sequence[Task], project: str, opts: argparse.Namespace) -> None:
    """Follow the *tasks* to their end, with a bar for each on a terminal; then print what became of them.

    Raises:
        Interrupted: by Ctrl-C.
    """
    gc.enable()  # scrapy crawl turns it off until a crawl begins, which this one may do in hours
    with ExitStack() as stack:
        view = View(stack, tasks) if sys.stderr.isatty() else None
        try:
            show = view.show if view else lambda: None
            follow(tasks, project, patience=opts.patience, longest=opts.within * 3600, show=show)
        except KeyboardInterrupt:
            raise Interrupted from None
    _print_table(tasks)


class View:
    """A bar for each of the *tasks*, while *stack* lasts."""

    def __init__(self, stack: ExitStack, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bars = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        self.ids = [self.bars.add_task(self._described(task), total=None) for task in tasks]

    def show(self) -> None:
        """Show how far they are."""
        for bar, task in zip(self.ids, self.tasks, strict=True):
            done, total = (task.row.done or 0, task.row.planned) if task.row else (0, None)
            self.bars.update(bar, completed=done, total=total, description=self._described(task))
            if task.ended:
                self.bars.stop_task(bar)

    @staticmethod
    def _described(task: Task) -> str:
        return f"shard {task.shard} {task.node.url} {task.result or (task.row.state if task.row else 'scheduled')}"


def _print_table(tasks: Sequence[Task]) -> None:
    console = terminal.Output(width=None if sys.stdout.isatty() else terminal.WIDTH)
    table = Table(*COLUMNS, title="Shards", title_justify="left")
    ordered = sorted(tasks, key=lambda task: task.shard.number)
    for task in ordered:
        row = task.row
        numbers = ("", "") if row is None else (_number(row.records, ",d"), _number(row.seconds, ".1f"))
        cells = (str(task.shard), task.node.url, task.order.id, task.result, *numbers)
        table.add_row(*(Text(text, style=STYLES.get(text, ""), overflow="fold") for text in cells))
    console.print(table)
    for task in ordered:
        for line in _remarks(task):
            console.print(Text(f"✗ shard {task.shard}: {line}", style="red"), soft_wrap=True)


def _number(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _remarks(task: Task) -> Sequence[str]:
    """Return what is to be said of a task that did not end well."""
    if task.lost or task.row is None:
        return [task.lost]
    return overview.remarks(task.row)


def status_of(tasks: Sequence[Task]) -> int:
    """Return the exit status of a fanout: 0 all are complete, 1 none brought data, 3 anything between."""
    results = [task.result for task in tasks]
    if not USABLE.intersection(results):
        return _status.FAILED
    return 0 if set(results) == {"complete"} else 3


def repair_line(fanout: Fanout, among: Sequence[nodes.Node], settings: Mapping[str, str]) -> str:
    """Return the command line that combines the shards of *fanout*, having repaired what is missing."""
    order = fanout.order
    words = ["scrapy", "combine", order.spider, "--repair", "--shards", str(fanout.of), "--slot", order.slot]
    words += [word for node in among for word in ("--node", node.url)]
    words += [word for name, text in order.arguments.items() for word in ("-a", f"{name}={text}")]
    words += [word for name, text in settings.items() for word in ("-s", f"{name}={text}")]
    return shlex.join(words)
