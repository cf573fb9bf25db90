"""Run a command as a user would, and measure it from start to exit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Measured:
    """A finished process: wall time and processor time in seconds, and its largest resident memory in bytes."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float


def run(*arguments: str) -> Measured:
    """Run Python with *arguments* to its end.

    Raises:
        RuntimeError: it did not exit with 0; the message holds what it said.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace"))
    # Linux gives kilobytes, macOS bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Measured(seconds, peak, usage.ru_utime + usage.ru_stime)


def crawl(
    output: Path, *arguments: str, spider: str = "inferencemax", folder: str | None = None
) -> tuple[Measured, dict[str, Any]]:
    """Run ``scrapy crawl`` with *arguments* into *output*; return it with its summary.

    The latter is in the *folder* there, by default that of the spider.
    """
    measured = run("-m", "scrapy", "crawl", spider, "-s", f"OUTPUT_DIR={output}", *arguments)
    summary = (output / (folder or spider) / "latest" / "summary.json").read_text(encoding="utf-8")
    return measured, json.loads(summary)


@contextmanager
def demo_site(*arguments: str) -> Iterator[str]:
    """Run the demo site in a process of its own, so that it takes no time from what is measured; yield its URL."""
    with _serving("-m", "inferencemax_spider.demo", *arguments) as url:
        yield url


@contextmanager
def data_service(output: Path) -> Iterator[str]:
    """Run the data service over the versions in *output*; yield its URL."""
    with _serving("-m", "scrapy", "serve", "--port", "0", "-s", f"OUTPUT_DIR={output}") as url:
        yield url


@contextmanager
def _serving(*arguments: str) -> Iterator[str]:
    """Run Python with *arguments*, a server that prints its URL; yield that, and stop it."""
    command: Sequence[str] = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
