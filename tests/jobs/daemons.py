"""Start Scrapyd daemons as a user does, and ask them through the project's commands."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inferencemax_spider.jobs import nodes
from inferencemax_spider.jobs.nodes import Node
from tests.crawl import runs
from tests.crawl.runs import REPO, Run

PROJECT = "inferencemax_spider"
CREDENTIALS = {nodes.USER: "me", nodes.PASSWORD: "not-to-be-told"}
EGG_VERSION = "9.9.9"
"""The version that the project has in the egg only: what says so has run from the egg."""

HELPLESS = "helpless"
SPIDER = f"""'''A spider of the egg only: this environment lacks what it needs.'''

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.spiders.inferencemax import InferencemaxSpider


class HelplessSpider(InferencemaxSpider):
    name = "{HELPLESS}"

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        if "sample" in kwargs:
            import no_such_extra
        raise OperationalError("a browser is not installed: pip install 'inferencemax-spider[browser]'")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Daemon:
    """A daemon that works in *folder*; it can be stopped and started again."""

    process: subprocess.Popen[bytes]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output"

    @property
    def node(self) -> Node:
        return nodes.configured([self.url], CREDENTIALS)[0]

    @contextmanager
    def running(self) -> Iterator[None]:
        said = self.folder.with_suffix(".said")
        command = [sys.executable, "-m", "inferencemax_spider.jobs.daemon", "--folder", str(self.folder)]
        with said.open("ab") as stream:
            process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=REPO,
                env={**os.environ, **CREDENTIALS},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self.process = process
        try:
            runs.until(lambda: process.poll() is not None or self._listens(), f"{self.url} listens")
            assert process.poll() is None, said.read_text()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(runs.TIMEOUT)

    def kill(self) -> None:
        """End the daemon and its jobs as a power failure does."""
        jobs = [int(job["pid"]) for job in self.node.jobs(PROJECT)["running"]]
        self.process.kill()
        self.process.wait(runs.TIMEOUT)
        for job in jobs:
            os.kill(job, signal.SIGKILL)

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def command(self, *args: str, env: Mapping[str, str] = CREDENTIALS) -> Run:
        """Run ``scrapy`` with *args*, asking this daemon."""
        return finished(runs.scrapy(*args, "--node", self.url), env)

    def schedule(self, site: str, *args: str, spider: str = "inferencemax") -> str:
        """Schedule a crawl of *site*; return the id of the job."""
        run = self.command("schedule", spider, "-a", f"base_url={site}", *args)
        assert run.status == 0, run.output
        return run.stdout.partition(" ")[0]

    def row(self, job: str) -> dict[str, Any]:
        """Return what ``scrapy jobs`` says of a *job*."""
        run = self.command("jobs", "--format", "json")
        assert run.status == 0, run.output
        (row,) = [row for row in json.loads(run.stdout) if row["job"] == job]
        return dict(row)

    def ended(self, job: str) -> dict[str, Any]:
        """Wait for the end of a *job*; return what ``scrapy jobs`` says of it then."""
        runs.until(lambda: self.state(job) == "finished", f"{job} is finished")
        return self.row(job)

    def state(self, job: str) -> str | None:
        jobs = self.node.jobs(PROJECT)
        return next((state for state, found in jobs.items() if job in [entry["id"] for entry in found]), None)

    def report(self, job: str, spider: str = "inferencemax") -> dict[str, Any]:
        """Return the report of a *job*, as it stands among the logs; nothing if it is not there yet."""
        path = self.folder / "logs" / PROJECT / spider / f"{job}.json"
        text = path.read_text() if path.exists() else ""
        return dict(json.loads(text or "{}"))


@dataclass(frozen=True)
class Whole:
    """A job that was scheduled with these *args* and has ended: its id, what is said of it, and a feed of its own."""

    args: tuple[str, ...]
    job: str
    row: dict[str, Any]
    feed: Path


def finished(command: list[str], env: Mapping[str, str]) -> Run:
    """Run *command* in the project's folder to its end."""
    process = runs.begin(command, env)
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    run = Run(process.returncode, stdout, stderr, None)
    assert "Traceback" not in run.output, run.output
    return run


def source(folder: Path) -> Path:
    """Copy what an egg is built of into *folder*, with a version of its own; return that."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPO / PROJECT, folder / PROJECT, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPO / name, folder)
    init = folder / PROJECT / "__init__.py"
    before, _, _ = init.read_text().partition("__version__")
    init.write_text(f'{before}__version__ = "{EGG_VERSION}"\n')
    (folder / PROJECT / "spiders" / f"{HELPLESS}.py").write_text(SPIDER)
    return folder


def deployed(daemon: Daemon, *args: str, env: Mapping[str, str] = CREDENTIALS) -> Run:
    """Put the project on *daemon* as ``make deploy`` does."""
    return finished([sys.executable, "-m", "inferencemax_spider.jobs.deploy", "--node", daemon.url, *args], env)
