"""``scrapy schedule``: run a spider later: once, as a job of Scrapyd, or every day on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict, closest_scrapy_cfg

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.collecting.wanted import divided
from inferencemax_spider.commands import _status
from inferencemax_spider.jobs import cron, daily, nodes, order, overview, systemd
from inferencemax_spider.jobs.order import Order

THERE = 3
KINDS = {"systemd": systemd, "cron": cron}
ONCE, DAILY = ("node", "slot"), ("at", "tz", "system", "print", "fallback", "fallback_arg")


class Command(ScrapyCommand):
    """Schedule a spider on a Scrapyd node, once per slot; or have systemd or cron run it every day."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] SPIDER"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Run a spider as a job of Scrapyd, or every day with --install"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            "Post a job to a Scrapyd node, once per slot: spider, arguments, settings and slot make its id, and a job "
            "that any of the nodes has already, in whatever state, is refused. With --install, have systemd or cron "
            "run scrapy crawl (scrapy collect with --fallback) with these arguments and settings every day on this "
            "machine. Exit status: 0 scheduled, or files written; 3 the job is there already; 1 a node cannot be "
            "reached, or a file not be written; 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command."""
        super().add_options(parser)
        parser.add_argument(
            "-a", dest="spargs", action="append", default=[], metavar="NAME=VALUE", help="spider argument (repeatable)"
        )
        nodes.add_option(parser)
        parser.add_argument("--slot", metavar="NAME", help="what it is run once in (default: the day in UTC)")
        every_day = parser.add_argument_group("Every day, without Scrapyd")
        every_day.add_argument("--install", metavar="KIND", help=f"write the files for {' or '.join(KINDS)}")
        every_day.add_argument("--at", metavar="HH:MM", help="from when on the run of a day is due (default: 01:00)")
        every_day.add_argument("--tz", metavar="ZONE", help="time zone of that (default: UTC)")
        every_day.add_argument("--system", action="store_true", help="for the machine instead of the user: needs root")
        every_day.add_argument("--fallback", metavar="SPIDER", help="run scrapy collect with this fallback")
        every_day.add_argument(
            "--fallback-arg", action="append", default=[], metavar="NAME=VALUE", help="spider argument for it alone"
        )
        every_day.add_argument("--print", action="store_true", help="write nothing, show the files")

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take the spider arguments apart, as ``scrapy crawl`` does."""
        super().process_options(args, opts)
        try:
            opts.arguments, opts.settings = arglist_to_dict(opts.spargs), arglist_to_dict(opts.set)
            opts.for_fallback = arglist_to_dict(opts.fallback_arg)
        except ValueError:
            raise UsageError("Invalid -a or --fallback-arg value, use NAME=VALUE", print_help=False) from None

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Schedule what *args* name, and set the exit status."""
        self.exitcode = _status.of("schedule", lambda: self._scheduled(args, opts))

    def _scheduled(self, args: list[str], opts: argparse.Namespace) -> int:
        if len(args) != 1:
            raise ArgumentError(f"name one spider; given: {' '.join(args) or 'none'}")
        if opts.install not in {None, *KINDS}:
            raise ArgumentError(f"--install {opts.install!r} is unknown; valid: {', '.join(KINDS)}")
        if strange := [name for name in (ONCE if opts.install else DAILY) if getattr(opts, name)]:
            option = strange[0].replace("_", "-")
            raise ArgumentError(f"--{option} goes {'without' if opts.install else 'with'} --install")
        if opts.for_fallback and not opts.fallback:
            raise ArgumentError("--fallback-arg goes with --fallback")
        return self._installed(args[0], opts) if opts.install else self._posted(args[0], opts)

    def _posted(self, spider: str, opts: argparse.Namespace) -> int:
        """Post the job, unless one of the nodes has it."""
        assert self.settings is not None
        order.check_for_node(self.settings, spider, opts.arguments)
        project, among = self.settings["BOT_NAME"], nodes.configured(opts.node)
        job = Order(spider, opts.arguments, opts.settings, opts.slot or order.today())
        for node in among:
            if state := overview.find(node, project, job.id):
                message = f"{job.id} is there already, {state}, on {node.url}; give another one a --slot"
                return _status.told("schedule", message, THERE)
        chosen = job.place(among)
        chosen.schedule(project, job)
        print(f"{job.id} is scheduled on {chosen.url}")
        return 0

    def _installed(self, spider: str, opts: argparse.Namespace) -> int:
        """Write the files of a daily run, or show them."""
        obstacles = self._checked(spider, opts)
        wanted = _daily(spider, opts)
        kind = KINDS[opts.install]
        texts = kind.texts(wanted)
        if opts.print:
            print("\n".join(f"# {path}\n{text}" for path, text in texts.items()), end="")
            return 0
        lines = daily.write(texts)
        if wanted.places.project.stat().st_uid == os.geteuid():
            lines.append(daily.prepare_environment(wanted.places.environment))
        print("\n".join([*lines, *obstacles, "", *kind.explained(wanted)]))
        return 0

    def _checked(self, spider: str, opts: argparse.Namespace) -> list[str]:
        """Check what is to run; return a line for each spider that cannot run as things are."""
        assert self.settings is not None
        if not opts.fallback:
            order.check(self.settings, spider, opts.arguments)
            return []
        both = divided(self.settings, (spider, opts.fallback), opts.arguments, opts.for_fallback)
        return [f"{one.spider} cannot run: {one.obstacle}" for one in both if one.obstacle]


def _daily(spider: str, opts: argparse.Namespace) -> daily.Daily:
    project = Path(closest_scrapy_cfg() or "scrapy.cfg").resolve().parent
    return daily.Daily(
        spider=spider,
        options=[
            *_options("-a", opts.arguments),
            *_options("--fallback-arg", opts.for_fallback),
            *_options("-s", opts.settings),
        ],
        fallback=opts.fallback,
        at=daily.hours_and_minutes(opts.at or "01:00"),
        zone=daily.zone(opts.tz or "UTC").key,
        places=daily.Places.of_machine(project) if opts.system else daily.Places.of_user(project),
        asked=["scrapy", "schedule", *sys.argv[1:]],  # Scrapy takes the command out of its arguments
    )


def _options(option: str, given: Mapping[str, str]) -> list[str]:
    return [word for name, text in given.items() for word in (option, f"{name}={text}")]
