"""``scrapy fanout``: divide a plan among the jobs of several Scrapyd nodes, and follow them to their end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from scrapy.utils.conf import arglist_to_dict

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _shards, _status, combine, crawl
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import gathering, nodes, order
from inferencemax_spider.jobs.fanout import USABLE, Fanout, Task, post, spread
from inferencemax_spider.jobs.order import Order

THERE = NOT_ALL = 3


class Command(combine.Command):
    """Schedule a job for each shard, on one node after the other; follow them, and combine what they bring."""

    name = "fanout"

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] SPIDER"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Divide a plan among jobs of several Scrapyd nodes, and follow them"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            "Post a job for each of --shards parts of the plan, spread evenly over the nodes, once per slot; follow "
            "them to their end, and say which shard became what. A node that stops answering is named, its shards are "
            "lost, and the others are followed on. Exit status: 0 all shards are complete; 3 some are not, or the slot "
            "is there already; 1 a node cannot be reached (then nothing is posted), or no shard brought anything; "
            "2 wrong usage; 130 not followed to the end (Ctrl-C): the jobs go on. With --combine, that of scrapy "
            "combine once every shard has brought data."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command to those of a crawl."""
        crawl.Command.add_options(self, parser)
        _shards.add_options(parser)
        parser.add_argument(
            "--follow",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="wait for the end of the jobs, or only post them (default: --follow)",
        )
        parser.add_argument("--combine", action="store_true", help="publish one version from the shards in the end")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Fan out what *args* name, and set the exit status."""
        self.exitcode = _status.of(self.name, lambda: self._fan_out(args, opts))

    def _fan_out(self, args: list[str], opts: argparse.Namespace) -> int:
        fanout = self._wanted(args, opts)
        among = nodes.configured(opts.node)
        if reason := self._there(fanout, among):
            return _status.told(self.name, reason, THERE)
        tasks = spread([fanout.part(shard) for shard in fanout.shards], among)
        status = 0
        for task in post(tasks, self.project):
            if task.lost:
                status = _status.told(self.name, f"shard {task.shard} is not scheduled: {task.lost}", NOT_ALL)
            else:
                print(f"{task.order.id} is scheduled on {task.node.url}", flush=True)
        return self._followed(fanout, tasks, among, opts) if opts.follow else status

    def _wanted(self, args: list[str], opts: argparse.Namespace) -> Fanout:
        assert self.settings is not None
        if len(args) != 1 or not opts.shards:
            raise ArgumentError(f"name one spider, and --shards N; given: {' '.join(args) or 'none'}")
        if opts.combine and not opts.follow:
            raise ArgumentError("--combine goes with --follow: shards are combined when they are there")
        wanted = Order(args[0], opts.spargs, arglist_to_dict(opts.set), opts.slot or order.today())
        fanout = Fanout(wanted, opts.shards)
        order.check_for_node(self.settings, args[0], fanout.part(fanout.shards[0]).arguments)
        return fanout

    def _there(self, fanout: Fanout, among: Sequence[nodes.Node]) -> str:
        """Return why nothing is posted: a job of it is there already.

        Raises:
            OperationalError: a node cannot be reached.
        """
        answers, problems = gathering.ask(among, self.project, fanout)
        if problems:
            raise OperationalError("; ".join(problems))
        row = next(iter(gathering.merged(answers).values()), None)
        if row is None:
            return ""
        line = _shards.repair_line(fanout, among, fanout.order.settings)
        return f"{row.job} is there already, {row.state}, on {row.node}; give another --slot, or go on with: {line}"

    def _followed(
        self, fanout: Fanout, tasks: Sequence[Task], among: Sequence[nodes.Node], opts: argparse.Namespace
    ) -> int:
        """Follow the *tasks* of *fanout*; return the exit status."""
        line = _shards.repair_line(fanout, among, fanout.order.settings)
        try:
            _shards.followed(tasks, self.project, opts)
        except _shards.Interrupted:
            message = f"not followed any more; the jobs go on. When they have ended: {line}"
            return _status.told(self.name, message, _shards.CANCELLED)
        if not all(task.result in USABLE for task in tasks) or not opts.combine:
            print(f"To repair and combine: {line}")
            return _shards.status_of(tasks)
        rows = [task.row for task in tasks if task.row]
        return self._published(fanout.order.spider, self._gathered(fanout, rows), opts)
