"""A crawl in a process of its own, which can be stopped as if it were this one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Self

from inferencemax_spider.collecting.choice import ORDER, Candidate
from inferencemax_spider.collecting.wanted import Wanted
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs.report import SETTING
from inferencemax_spider.summary import EXIT_STATUS, RunStatus
from inferencemax_spider.versions.stored import StoredVersion, find

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FAILED: RunStatus = "failed"
PATIENCE = 75
"""Seconds that a crawl has for its end once it was asked to stop: less than the 90 that systemd and cron's run wait."""
QUIET = ("-s", "NOTIFY_ON=")
"""A crawl for ``scrapy collect`` tells nobody: that is said once, of the result."""


class Children:
    """Runs crawls, one after the other, and passes signals on to the one that runs.

    ``stopped`` tells whether there was a signal: no other crawl is to begin then. The crawls are in process groups of
    their own, so that Ctrl-C reaches each of them once: from here.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._process: subprocess.Popen[bytes] | None = None
        self._untold: list[int] = []
        self._handlers: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._handlers = {number: signal.signal(number, self._heard) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def run(self, wanted: Wanted, options: Sequence[str], output: Path) -> Candidate:
        """Crawl what is *wanted* with these *options* into *output*; return what became of it."""
        if wanted.obstacle:
            return Candidate(wanted.spider, FAILED, None, (wanted.obstacle,), asked=wanted.asked)
        arguments = [word for name, text in wanted.arguments.items() for word in ("-a", f"{name}={text}")]
        with tempfile.TemporaryDirectory(prefix="collect-") as folder:
            path = Path(folder) / "report.json"
            own = (*QUIET, "-s", f"{SETTING}={path}")
            command = [sys.executable, "-m", "scrapy", "crawl", wanted.spider, *arguments, *options, *own]
            ended = self._ended(command)
            status = EXIT_STATUS["cancelled"] if self.stopped else ended
            return _candidate(wanted, status, _read(path), output)

    def _ended(self, command: list[str]) -> int:
        """Run *command* to its end; return its exit status."""
        self._process = subprocess.Popen(command, process_group=0)  # noqa: S603 - our own command
        while self._untold:
            self._pass_on(self._process, self._untold.pop())
        try:
            return self._process.wait()
        finally:
            self._process = None
            if self._timer:
                self._timer.cancel()

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self.stopped = True
        if self._process is None:
            self._untold.append(number)
            return
        self._pass_on(self._process, number)

    def _pass_on(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Send *process* a signal, and end it should it not end in time."""
        process.send_signal(number)
        if self._timer is None:
            self._timer = threading.Timer(PATIENCE, process.kill)
            self._timer.daemon = True
            self._timer.start()


def _read(path: Path) -> dict[str, Any]:
    """Return what a run told of itself in the file at *path*; nothing if it did not come to that."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _candidate(wanted: Wanted, exit_status: int, report: dict[str, Any], output: Path) -> Candidate:
    """Return what became of the crawl that was *wanted*, ended so, and told this *report* of itself."""
    status = next((name for name, number in EXIT_STATUS.items() if number == exit_status), FAILED)
    findings = tuple(str(line) for line in report.get("findings", ()))
    version = _version(output, wanted.spider, report)
    if status in ORDER and version is None:
        status, findings = FAILED, (*findings, "its version cannot be found")
    if status == FAILED and not findings:
        findings = (f"it ended with exit status {exit_status} and without a word; its log says why",)
    return Candidate(wanted.spider, status, exit_status, findings, version, wanted.asked)


def _version(output: Path, spider: str, report: dict[str, Any]) -> StoredVersion | None:
    """Return the version that the *report* names, if it was published."""
    try:
        return find(output, f"{spider}/{report['version']}")
    except (KeyError, OperationalError):
        return None
