"""``scrapy combine``: publish one version from the shards of a plan."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status, crawl
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import combine


class Command(crawl.Command):
    """Put shards together; exit as a crawl of the whole plan would."""

    name = "combine"

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] SPIDER [VERSION ...]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Publish one version from the shards of a plan (crawl -a shard=K/N)"

    def long_desc(self) -> str:
        """Return the description with where the shards are, and the exit statuses."""
        return (
            f"{self.short_desc()}. Without versions, the latest of each shard in OUTPUT_DIR is taken; versions are "
            "named as everywhere, also by their folder. The files are those that one run would have written. Exit "
            "status: that of scrapy crawl; 3 when a shard or an endpoint of the plan is missing, each named."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Combine the shards that *args* name, and set the exit status."""
        self.exitcode = _status.of("combine", lambda: self._combine(args, opts))

    def _combine(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        if not args or opts.spargs:
            raise ArgumentError("name a spider, and versions if you like; the arguments are those of the shards")
        versions = [opening.find(self.settings, text) for text in args[1:]] or combine.newest_parts(
            opening.opened(self.settings), args[0]
        )
        parts = combine.Parts(versions)
        if parts.spider != args[0]:
            raise ArgumentError(f"these are shards of {parts.spider}, not of {args[0]}")
        with tempfile.TemporaryDirectory(prefix="combine-") as folder:
            place = Path(folder) / f"{len(versions)}-of-{parts.of}-shards"
            parts.assemble(place)
            opts.spargs = {**parts.arguments, "replay": str(place)}
            super().run([parts.spider], opts)
        for shard in parts.missing:
            _status.told("combine", f"shard {shard} is missing", self.exitcode)
        return self.exitcode
