"""``scrapy combine``: publish one version from the shards of a plan."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from scrapy.utils.conf import arglist_to_dict

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _shards, _status, crawl
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import gathering, nodes, order
from inferencemax_spider.jobs.fanout import Fanout, post, to_repair
from inferencemax_spider.jobs.order import Order
from inferencemax_spider.jobs.overview import Row
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import combine
from inferencemax_spider.versions.stored import StoredVersion


class Command(crawl.Command):
    """Put shards together; exit as a crawl of the whole plan would."""

    name = "combine"

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] SPIDER [VERSION ...]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Publish one version from the shards of a plan (crawl -a shard=K/N, or fanout)"

    def long_desc(self) -> str:
        """Return the description with where the shards are, and the exit statuses."""
        return (
            f"{self.short_desc()}. Without versions, the latest of each shard in OUTPUT_DIR is taken; versions are "
            "named as everywhere, also by their folder. With --shards, those that the jobs of a fanout made, which is "
            "named by its arguments, settings, shards and slot: in OUTPUT_DIR, or where its nodes say, if that can be "
            "reached. With --repair, a shard that is missing or lacks an endpoint is first collected once more by a "
            "node that answers. The files are those that one run would have written. Exit status: that of scrapy "
            "crawl; 3 when a shard or an endpoint of the plan is missing, each named."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that name a fanout to those of a crawl."""
        super().add_options(parser)
        _shards.add_options(parser)
        parser.add_argument("--repair", action="store_true", help="collect what is missing once more, then combine")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Combine the shards that *args* and options name, and set the exit status."""
        self.exitcode = _status.of(self.name, lambda: self._combine(args, opts))

    def _combine(self, args: list[str], opts: argparse.Namespace) -> int:
        if not args:
            raise ArgumentError("name a spider, and versions if you like")
        assert self.settings is not None
        order.loaded(self.settings, args[0])
        named = [opening.find(self.settings, text) for text in args[1:]]
        if not (opts.shards or opts.repair):
            if opts.spargs or opts.slot or opts.node:
                raise ArgumentError("-a, --slot and --node name the jobs of a fanout; give its --shards as well")
            return self._published(args[0], named or combine.newest_parts(self.output, args[0]), opts)
        fanout, known = self._named(args[0], named, opts)
        try:
            return self._published(args[0], self._of_jobs(fanout, known, opts), opts)
        except _shards.Interrupted:
            message = "not followed any more; the jobs go on, and the same command follows them again"
            return _status.told(self.name, message, _shards.CANCELLED)

    @property
    def output(self) -> Path:
        """The folder of the versions, as it is now."""
        assert self.settings is not None
        return opening.opened(self.settings)

    @property
    def project(self) -> str:
        """What the project is called on the nodes."""
        assert self.settings is not None
        return str(self.settings["BOT_NAME"])

    def _named(
        self, spider: str, named: list[StoredVersion], opts: argparse.Namespace
    ) -> tuple[Fanout, list[StoredVersion]]:
        """Return the fanout that options and versions name together, and these versions."""
        assert self.settings is not None
        known = named if opts.shards else named or combine.newest_parts(self.output, spider)
        parts = combine.Parts(known) if known else None
        arguments = {**(parts.arguments if parts else {}), **opts.spargs}
        order.check_for_node(self.settings, spider, arguments)
        slot = opts.slot or (parts.slot if parts else None) or order.today()
        of = opts.shards or (parts.of if parts else 0)
        return Fanout(Order(spider, arguments, arglist_to_dict(opts.set), slot), of), known

    def _of_jobs(self, fanout: Fanout, known: list[StoredVersion], opts: argparse.Namespace) -> list[StoredVersion]:
        """Return the versions that are *known* and those that jobs of *fanout* made, repaired if so asked."""
        answers, problems = gathering.ask(nodes.configured(opts.node), self.project, fanout)
        for problem in problems:
            _status.told(self.name, problem, _status.FAILED)
        there = gathering.merged(answers)
        found = self._gathered(fanout, there.values(), known)
        if not (found or there):
            raise ArgumentError("there is no job or version of this; give what scrapy fanout was given, and its slot")
        if not opts.repair:
            return found
        lacking = combine.Parts(found).lacking if found else fanout.shards
        if lacking and not answers:
            raise OperationalError("no node answers that could collect what is missing")
        tasks = to_repair(fanout, lacking, there, list(answers))
        for task in post(tasks, self.project):
            print(f"shard {task.shard} is collected by {task.node.url}", flush=True)
        if tasks:
            _shards.followed(tasks, self.project, opts)
        return self._gathered(fanout, [task.row for task in tasks if task.row], found)

    def _gathered(
        self, fanout: Fanout, rows: Iterable[Row], known: Iterable[StoredVersion] = ()
    ) -> list[StoredVersion]:
        settings = self.settings
        assert settings is not None
        return gathering.versions(self.output, lambda text: opening.find(settings, text), fanout, rows, known)

    def _published(self, spider: str, versions: Sequence[StoredVersion], opts: argparse.Namespace) -> int:
        """Publish one version from the *versions* of shards; return the exit status."""
        if not versions:
            raise OperationalError("no shard has brought anything yet; scrapy jobs shows why")
        parts = combine.Parts(versions)
        if parts.spider != spider:
            raise ArgumentError(f"these are shards of {parts.spider}, not of {spider}")
        with tempfile.TemporaryDirectory(prefix="combine-") as folder:
            place = Path(folder) / f"{parts.of - len(parts.missing)}-of-{parts.of}-shards"
            parts.assemble(place)
            opts.spargs = {**parts.arguments, "replay": str(place)}
            super().run([parts.spider], opts)
        for shard in parts.missing:
            _status.told(self.name, f"shard {shard} is missing", self.exitcode)
        return self.exitcode
