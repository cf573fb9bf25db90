"""``scrapy rebuild``: make all outputs of a stored version again from its raw files, in place."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import Any

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from inferencemax_spider.commands import _status, crawl
from inferencemax_spider.extensions.rebuild import Rebuild
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import StoredVersion

REFUSED = 3
NEEDED = frozenset({"spider", "arguments", "records", "endpoint_details", "files"})
"""What a summary must say for its version to be rebuilt."""


class Command(crawl.Command):
    """Replay the raw files of a version with the arguments of its run, and put the outputs in place of the old ones."""

    name = "rebuild"
    crawler: Crawler | None = None

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] VERSION"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Make all outputs of a stored version again from its raw files"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}, with the present code and settings and the arguments of its run. VERSION is a "
            "version's name, latest or previous, after SPIDER/ where several spiders have versions, or its folder. "
            "Exit status: that of scrapy crawl; 3 also when the result would be worse and was not put in place."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of this command to those of a crawl."""
        super().add_options(parser)
        parser.add_argument(
            "--force", action="store_true", help="replace the outputs even when the new ones have fewer records"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Rebuild the version that *args* names, and set the exit status."""
        self.exitcode = _status.of("rebuild", lambda: self._rebuild(args, opts))

    def _rebuild(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        if len(args) != 1 or opts.spargs:
            given = " ".join([*args, *(f"-a {name}={value}" for name, value in opts.spargs.items())]) or "nothing"
            return _status.told("rebuild", f"name one version, without spider arguments; given: {given}", _status.USAGE)
        version = opening.find(self.settings, args[0])
        summary = version.saying(NEEDED)
        with store.locked(version.folder) as ours:
            if not ours:
                return _status.told(
                    "rebuild", f"{version.folder} is in use by another command; try again after it", _status.FAILED
                )
            self._set_up(version, force=opts.force)
            opts.spargs = {**summary["arguments"], "replay": str(version.raw_files())}
            super().run([summary["spider"]], opts)
            return self._refused() or self.exitcode

    def _set_up(self, version: StoredVersion, *, force: bool) -> None:
        """Have the crawl write into *version*, and leave the raw files alone."""
        assert self.settings is not None
        changed: dict[str, Any] = {
            "OUTPUT_DIR": str(version.folder.parent.parent),
            "REBUILD_VERSION": str(version.folder),
            "REBUILD_FORCE": force,
        }
        self.settings.setdict(changed, priority="cmdline")
        self.settings["EXTENSIONS"].update(
            {
                "inferencemax_spider.extensions.workspace.Workspace": None,
                "inferencemax_spider.extensions.rebuild.Rebuild": -200,
            },
            priority="cmdline",
        )
        raw = "inferencemax_spider.pipelines.raw_json.RawJsonPipeline"
        self.settings["ITEM_PIPELINES"].update({raw: None}, priority="cmdline")

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self.crawler = super()._create_crawler(spidercls)
        return self.crawler

    def _refused(self) -> int:
        """Tell why the outputs were not put in place, if they were not; return the exit status that goes with it."""
        with suppress(RuntimeError, NotConfigured):
            if self.crawler and (refusal := Rebuild.of(self.crawler).refusal):
                return _status.told(
                    "rebuild", f"nothing was replaced: {refusal}; --force replaces it all the same", REFUSED
                )
        return 0
