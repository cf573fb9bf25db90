"""``scrapy demo``: crawl the embedded site, so that the main job runs on any machine, without the internet."""

from __future__ import annotations

import argparse

from inferencemax_spider.commands import crawl
from inferencemax_spider.commands._status import USAGE, told


class Command(crawl.Command):
    """Start the embedded site on a free loopback port, crawl it (with ``inferencemax``), print the table, stop it."""

    name = "demo"

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [spider]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Crawl the embedded demo site: the main job, without the internet"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the site to those of a crawl."""
        # Scrapy loads every command at every start; what only this one needs can wait.
        from inferencemax_spider.demo import cli  # noqa: PLC0415

        super().add_options(parser)
        cli.add_arguments(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl the site that *opts* describe."""
        from inferencemax_spider.demo import cli  # noqa: PLC0415 - as above

        try:
            site = cli.site_from(opts)
        except (OSError, OverflowError) as error:
            self.exitcode = told(self.name, f"cannot start the demo site: {error}", USAGE)
            return
        with site:
            opts.spargs["base_url"] = site.base_url
            super().run(args or ["inferencemax"], opts)
