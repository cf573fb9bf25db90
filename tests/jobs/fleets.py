"""Two daemons, asked as one: commands, what they say, and the files that come of them."""

from __future__ import annotations

import shlex
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.commands.stored import CSVS
from tests.crawl import runs
from tests.crawl.runs import REPO, Run
from tests.jobs.daemons import CREDENTIALS, PROJECT, Daemon

OUTPUTS = (*CSVS, "benchmarks.parquet")


@dataclass
class Fleet:
    """Two daemons, and a folder of its own from which they are asked: its ``output`` is none of theirs."""

    daemons: tuple[Daemon, Daemon]
    home: Path

    @property
    def nodes(self) -> list[str]:
        return [word for daemon in self.daemons for word in ("--node", daemon.url)]

    def begin(self, *args: str) -> subprocess.Popen[str]:
        return self.begin_here(*args, *self.nodes)

    def begin_here(self, *args: str) -> subprocess.Popen[str]:
        return runs.begin(runs.scrapy(*args), {**CREDENTIALS, "PYTHONPATH": str(REPO)}, self.home)

    def begin_line(self, line: str) -> subprocess.Popen[str]:
        """Begin the command that ends a *line* of output, as it stands there."""
        return self.begin_here(*shlex.split(line.partition("scrapy ")[2]))

    def command(self, *args: str) -> Run:
        return ended(self.begin(*args))

    def jobs(self) -> Counter[str]:
        """Return how many jobs of each node there are, in whatever state."""
        found = {daemon.url: daemon.node.jobs(PROJECT) for daemon in self.daemons if daemon.process.poll() is None}
        return Counter({url: sum(map(len, jobs.values())) for url, jobs in found.items()})

    def latest(self, spider: str) -> Path:
        return (self.home / "output" / spider / "latest").resolve()


def ended(process: subprocess.Popen[str]) -> Run:
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    run = Run(process.returncode, stdout, stderr, None)
    assert "Traceback" not in run.output, run.output
    return run


def said(run: Run, command: str) -> list[str]:
    """Return the lines that say what is wrong."""
    start = f"scrapy {command}: error: "
    return [line.removeprefix(start) for line in run.stderr.splitlines() if line.startswith(start)]


def remarks(run: Run) -> list[str]:
    return [line for line in run.stdout.splitlines() if line.startswith("✗ shard")]


def outputs(version: Path) -> dict[str, bytes]:
    return {name: (version / name).read_bytes() for name in OUTPUTS}
