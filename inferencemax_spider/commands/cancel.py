"""``scrapy cancel``: take back a job, or stop it."""

from __future__ import annotations

import argparse
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.jobs import nodes, overview

ENDED = 3
DONE = {"pending": "taken back", "running": "told to stop"}


class Command(ScrapyCommand):
    """Cancel a job on the Scrapyd node that has it."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] JOB"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Cancel a job of Scrapyd"

    def long_desc(self) -> str:
        """Return the description with the exit statuses."""
        return (
            f"{self.short_desc()}. JOB is its id, as scrapy jobs shows it. A pending one is taken back; a running one "
            "lets the requests under way end and publishes nothing; cancelled once more, it stops at once. Exit "
            "status: 0 cancelled; 3 it had ended; 1 a node cannot be reached; 2 wrong usage, or no node has such a job."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the option of the nodes."""
        super().add_options(parser)
        nodes.add_option(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Cancel the job that *args* name, and set the exit status."""
        self.exitcode = _status.of("cancel", lambda: self._cancel(args, nodes.configured(opts.node)))

    def _cancel(self, args: list[str], among: list[nodes.Node]) -> int:
        assert self.settings is not None
        project = self.settings["BOT_NAME"]
        if len(args) != 1:
            raise ArgumentError(f"name one job; given: {' '.join(args) or 'none'}")
        (job,) = args
        found = {node: state for node in among if (state := overview.find(node, project, job))}
        if not found:
            raise ArgumentError(f"there is no job {job!r} on {', '.join(node.url for node in among)}; see scrapy jobs")
        done = {node: node.cancel(project, job) for node, state in found.items() if state != "finished"}
        for node in found:
            print(f"{job} on {node.url}: {DONE.get(done.get(node) or '', 'had ended')}")
        return 0 if any(done.values()) else ENDED
