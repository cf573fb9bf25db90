"""``scrapy serve``: the stored versions over HTTP, to be read."""

from __future__ import annotations

import argparse
import ipaddress
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from inferencemax_spider import knobs
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import opening
from inferencemax_spider.storage.place import is_url

HOST, PORT = "127.0.0.1", 8080


class Command(ScrapyCommand):
    """Serve the stored versions until SIGINT or SIGTERM; exit with 0 ended so, 1 not started, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Serve the stored versions over HTTP, read-only: JSON, CSV, Arrow"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}, documented at /docs. It prints its address once it answers, and ends with SIGINT "
            "(Ctrl-C) or SIGTERM. There is no authentication: it listens on this machine only, unless --host says "
            "otherwise. Exit status: 0 ended by a signal; 1 it cannot start; 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that say where to listen."""
        super().add_options(parser)
        parser.add_argument("--host", default=HOST, help="address to listen at (default: %(default)s)")
        parser.add_argument(
            "--port", default=PORT, type=_port, help="port to listen at, 0 for any free one (default: %(default)s)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Serve, and set the exit status."""
        self.exitcode = _status.of("serve", lambda: self._served(args, opts))

    def _served(self, args: list[str], opts: argparse.Namespace) -> int:
        assert self.settings is not None
        if args:
            raise ArgumentError(f"takes only options; given: {' '.join(args)}")
        knobs.check(self.settings)
        try:
            from inferencemax_spider.serve import server  # noqa: PLC0415 - of an extra
        except ImportError as error:
            raise OperationalError(f"{error}; pip install 'inferencemax-spider[serve]'") from error
        output = opening.opened(self.settings)
        with server.listening(opts.host, opts.port) as listener:
            for line in _warnings(output, listener.getsockname()[0]):
                sys.stderr.write(f"scrapy serve: warning: {line}\n")
            server.run(output, listener, self._refresh())
        return 0

    def _refresh(self) -> Callable[[], object] | None:
        """Return what makes the mirror of an object store what the store has; nothing for a folder."""
        assert self.settings is not None
        settings = self.settings
        return (lambda: opening.opened(settings)) if is_url(str(settings["OUTPUT_DIR"])) else None


def _warnings(output: Path, address: str) -> list[str]:
    lines = []
    if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        lines.append(f"listening at {address}, without authentication: whoever can reach it can read all versions")
    if not any(output.glob("*/*T*Z*")):
        lines.append(f"there are no versions in {output} yet; scrapy crawl makes one")
    return lines


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - TCP's
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)
