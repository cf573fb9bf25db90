"""``scrapy notify``: tell all channels of a stored version, or try them."""

from __future__ import annotations

import argparse
import os

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from inferencemax_spider.commands import _status
from inferencemax_spider.notify import channels
from inferencemax_spider.notify.message import Message, compose
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import stored
from inferencemax_spider.versions.store import LATEST

NEEDED = frozenset({"spider", "version", "status", "endpoints", "checks", "records", "rejected", "output_errors"})
"""What a summary must say for its version to be told of."""
TEST = Message("inferencemax-spider: a test", "This channel works: runs will be reported here.")


class Command(ScrapyCommand):
    """Send the message of a version; exit with 0 delivered, 1 a channel failed, 2 wrong usage or no channel."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy declares it so

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [version]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Send the message of a stored version, or a test, to all channels"

    def long_desc(self) -> str:
        """Return the description with where channels are named, and the exit statuses."""
        return (
            f"{self.short_desc()}, whatever the rules. Channels are Apprise URLs in the environment variable "
            f"{channels.VARIABLE} or in the file that the setting NOTIFY_FILE names. Exit status: 0 delivered; 1 a "
            "channel failed; 2 wrong usage, or no channel is configured."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of this command."""
        super().add_options(parser)
        parser.add_argument("--test", action="store_true", help="send a short test message instead")
        parser.add_argument("--dry-run", action="store_true", help="show the message and the channels, send nothing")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Send the message of the version that *args* names, and set the exit status."""
        if len(args) > 1:
            raise UsageError(f"name one version, or none for the latest; given: {' '.join(args)}")
        self.exitcode = _status.of("notify", lambda: self._tell(args[0] if args else LATEST, opts))

    def _tell(self, name: str, opts: argparse.Namespace) -> int:
        assert self.settings is not None
        message = TEST if opts.test else self._message(name)
        known = channels.configured(os.environ, self.settings["NOTIFY_FILE"])
        if opts.dry_run:
            print(message.title, message.body, *(channel.name for channel in known), sep="\n")
            return 0
        if not known:
            missing = f"no channel is configured: set {channels.VARIABLE} or NOTIFY_FILE; see docs/notifications.md"
            return _status.told("notify", missing, _status.USAGE)
        deliveries = channels.deliver(message, known, self.settings.getfloat("NOTIFY_TIMEOUT"))
        for delivery in deliveries:
            print(f"{delivery.channel}: {delivery.reason or 'delivered'}")
        return 0 if all(delivery.ok for delivery in deliveries) else _status.FAILED

    def _message(self, name: str) -> Message:
        assert self.settings is not None
        version = opening.find(self.settings, name)
        summary = version.saying(NEEDED)
        return compose(summary, stored.run_before(version.folder.parent, summary), version.folder)
