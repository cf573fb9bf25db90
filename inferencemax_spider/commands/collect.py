"""``scrapy collect``: run a spider, another one where that does not bring all, and publish the better result."""

from __future__ import annotations

import argparse
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.collecting import wanted
from inferencemax_spider.collecting.collection import Collection
from inferencemax_spider.commands import _status
from inferencemax_spider.storage.place import shown
from inferencemax_spider.versions.adopt import PUBLISHED


class Command(ScrapyCommand):
    """Run two spiders as far as needed; exit as a crawl would that brought what is published."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [PRIMARY]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Run a spider, a fallback if it does not bring all, and publish the better result"

    def long_desc(self) -> str:
        """Return the description with what is better, where it is published, and the exit statuses."""
        return (
            f"{self.short_desc()} in OUTPUT_DIR/{PUBLISHED}, where every command reads it. Complete is better than "
            "incomplete; then what lacks fewer of the model x sequence x hwKey that either has or that was published "
            "before; then what has more points; then the primary. Exit status of what is published: 0 complete; 3 "
            "incomplete; 1 nothing usable came, and nothing is published; 2 wrong usage; 130 cancelled."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command."""
        super().add_options(parser)
        parser.add_argument(
            "--fallback",
            default=wanted.FALLBACK,
            metavar="SPIDER",
            help=f"what runs when PRIMARY (default: {wanted.PRIMARY}) is not complete (default: %(default)s)",
        )
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="spider argument, for both as far as they have it (repeatable)",
        )
        parser.add_argument(
            "--fallback-arg",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="spider argument for the fallback alone (repeatable)",
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take the spider arguments apart, as ``scrapy crawl`` does."""
        super().process_options(args, opts)
        try:
            opts.arguments, opts.for_fallback = arglist_to_dict(opts.spargs), arglist_to_dict(opts.fallback_arg)
        except ValueError:
            raise UsageError("Invalid -a or --fallback-arg value, use NAME=VALUE", print_help=False) from None

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Collect, and set the exit status."""
        self.exitcode = _status.of("collect", lambda: self._collected(args, opts))

    def _collected(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        if len(args) > 1:
            raise ArgumentError(f"name one primary spider, or none for {wanted.PRIMARY}; given: {' '.join(args)}")
        names = (args[0] if args else wanted.PRIMARY, opts.fallback)
        both = wanted.divided(self.settings, names, opts.arguments, opts.for_fallback)
        result = Collection(self.settings, _options(opts), _warn).made(both)
        if result.version is None:
            return _status.told("collect", f"{result.why}; nothing new is published", result.exit_status)
        print(f"{result.status.upper()}: {shown(result.version.folder)}, by {result.by}: {result.why}")
        return result.exit_status


def _options(opts: argparse.Namespace) -> list[str]:
    """Return the options that a crawl takes over from this command."""
    words = [word for text in opts.set for word in ("-s", text)]
    for option, value in (("--logfile", opts.logfile), ("--loglevel", opts.loglevel)):
        words += [option, value] if value else []
    return [*words, "--nolog"] if opts.nolog else words


def _warn(message: str) -> None:
    sys.stderr.write(f"scrapy collect: warning: {message}\n")
