"""Run the project's commands as a user does, and read back what they wrote."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

REPO = Path(__file__).parents[2]
SPIDER = "inferencemax"
TIMEOUT = 120
"""Seconds after which a command is taken for hung; no test waits for it to pass."""

SMALL = ("-a", "models=gpt-oss", "-a", "sequences=1k1k")
"""Restricts a crawl to two endpoints: the e2e and the interactivity body of one model and sequence."""
BROKEN, WHOLE = "gpt-oss-120b-1k_1k-e2e.json", "gpt-oss-120b-1k_1k-interactivity.json"
"""The files of those two: the one that faults are aimed at, and the other."""
IMPATIENT = {"RETRY_TIMES": 1, "RETRY_BACKOFF": 0.01, "RETRY_WAIT_MAX": 0.05}

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[\w.]+\] [A-Z]+: |scrapy [a-z-]+: error: ")

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Run:
    """A command that has ended; ``folder`` is the version that it published, or else its hidden folder."""

    status: int
    stdout: str
    stderr: str
    folder: Path | None

    @property
    def place(self) -> Path:
        """The folder of a run that has one."""
        assert self.folder is not None, self.stderr
        return self.folder

    @property
    def output(self) -> str:
        """All that was printed."""
        return self.stderr + self.stdout

    @property
    def summary(self) -> dict[str, Any]:
        """The run's manifest."""
        return cast("dict[str, Any]", json.loads(self.read("summary.json")))

    @property
    def endpoints(self) -> list[dict[str, Any]]:
        """What the manifest says of each endpoint, in plan order."""
        return cast("list[dict[str, Any]]", self.summary["endpoint_details"])

    def read(self, name: str) -> bytes:
        """Return the bytes of a file of the run."""
        return (self.place / name).read_bytes()

    def lines(self, name: str) -> list[Any]:
        """Return the values of a file of JSON lines."""
        return [json.loads(line) for line in self.read(name).splitlines()]

    def cells(self, name: str) -> pd.DataFrame:
        """Return a CSV as the texts of its cells."""
        return pd.read_csv(self.place / name, dtype=str, keep_default_na=False)

    def raw(self, name: str) -> tuple[dict[str, Any], bytes]:
        """Return metadata and body of a raw file."""
        return unwrapped(self.read(f"raw/{name}"))


def unwrapped(text: bytes) -> tuple[dict[str, Any], bytes]:
    """Return metadata and body of the raw file *text*: read as JSON, but the bytes of a JSON body as they stand."""
    document = json.loads(text)
    metadata, data = document["metadata"], document["data"]
    if metadata["data_encoding"] == "json":
        return metadata, text.partition(b',\n"data": ')[2].removesuffix(b"}\n")
    return metadata, data.encode() if metadata["data_encoding"] == "text" else base64.b64decode(data)


def scrapy(*args: str) -> list[str]:
    """Return the command line of ``scrapy`` with *args*."""
    return [sys.executable, "-m", "scrapy", *args]


def crawl_command(base_url: str | None, output: Path, args: tuple[str, ...], settings: Settings) -> list[str]:
    """Return the command line of a crawl of the site at *base_url*, which writes into *output*."""
    site = ("-a", f"base_url={base_url}") if base_url else ()
    options = [f"-s{name}={value}" for name, value in {"OUTPUT_DIR": output, **settings}.items()]
    return scrapy("crawl", SPIDER, *site, *args, *options)


def begin(command: list[str], env: Mapping[str, str] | None = None, cwd: Path = REPO) -> subprocess.Popen[str]:
    """Start *command* in the project's folder, or in *cwd*, with *env* added to the environment."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], folder: Callable[[], Path | None]) -> Run:
    """Wait for *process*, which writes into *folder*; return it as a run, having looked at how it talks."""
    try:
        stdout, stderr = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return spoken_plainly(Run(process.returncode, stdout, stderr, folder()))


def spoken_plainly(run: Run) -> Run:
    """Return *run* after checking what holds for every one: no traceback, and one line for each message."""
    assert "Traceback" not in run.output, run.output
    assert [line for line in run.stderr.splitlines() if not LOG_LINE.match(line)] == []
    return run


def folders(output: Path) -> set[Path]:
    """Return the versions and the hidden folders in *output*."""
    root = output / SPIDER
    return {path for path in root.iterdir() if path.is_dir() and not path.is_symlink()} if root.is_dir() else set()


def added(output: Path, before: set[Path]) -> Path | None:
    """Return the folder in *output* that was not there *before*."""
    new = folders(output) - before
    assert len(new) <= 1, new
    return next(iter(new), None)


def latest(output: Path) -> Path:
    """Return the folder that ``latest`` leads to."""
    return output / SPIDER / (output / SPIDER / "latest").readlink()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return all files under *folder* with their bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until *condition* holds; fail, naming *what* did not happen, when it takes implausibly long."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.02)
