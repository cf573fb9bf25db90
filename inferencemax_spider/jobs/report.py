"""What a job tells of itself: a small JSON file next to its log, which Scrapyd serves with the logs.

A node may be anywhere, its output folder out of reach, and Scrapyd does not keep how a process ended. So each job keeps
its report in ``LOGS/<project>/<spider>/<job>.json``, replaced as a whole each time:

    {"job", "pid", "status", "exit_status", "started_at", "done", "planned",
     "version", "folder", "records", "seconds", "findings": [line, …]}

``status`` is ``running`` or that of the run: complete, incomplete, failed, cancelled. All but the first four are only
there once they are known.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.settings import BaseSettings

from inferencemax_spider import terminal
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage.place import shown
from inferencemax_spider.summary import EXIT_STATUS

RUNNING, FAILED = "running", "failed"
SETTING = "JOB_REPORT"
"""Setting with the place of the report of a run that is no job, but that another command waits for."""
FINDINGS = 20
"""Lines of what is wrong that a report holds at most."""


def place(settings: BaseSettings) -> Path | None:
    """Return where the report of this process belongs; ``None`` if it is no job of Scrapyd, or one without a log."""
    if path := settings.get(SETTING):
        return Path(path)
    job, log = settings.get("JOB"), settings.get("LOG_FILE")
    return Path(log).with_name(f"{job}.json") if job and log and Path(log).name == f"{job}.log" else None


def claim(path: Path) -> dict[str, Any]:
    """Begin the report at *path*; return it.

    Raises:
        OperationalError: a job of this id runs, or has run.
    """
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        raise OperationalError(f"job {path.stem} runs here already, or has run; give another one a --slot") from None
    report = _begun(path)
    write(path, report)
    return report


def _begun(path: Path) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"job": path.stem, "pid": os.getpid(), "status": RUNNING, "exit_status": None, "started_at": now}


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Put *report* in place of the one at *path*."""
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(f"{json.dumps(report, ensure_ascii=False)}\n", encoding="utf-8")
    temporary.replace(path)


def ended(settings: BaseSettings, reason: str, exit_status: int) -> None:
    """Note that the run of this process has no summary, and the *reason*."""
    if (path := place(settings)) is None or (report := _own(path)) is None:
        return
    status = next((name for name, number in EXIT_STATUS.items() if number == exit_status), FAILED)
    write(path, {**report, "status": status, "exit_status": exit_status, "findings": [reason]})


def _own(path: Path) -> dict[str, Any] | None:
    """Return the report at *path* if it is that of this process, or is not there yet."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report if report["pid"] == os.getpid() else None
    except FileNotFoundError:
        return _begun(path)
    except (ValueError, KeyError, TypeError):
        return None


def result(summary: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a report takes from the *summary* of a run, the files of which are in *folder*."""
    return {
        **{name: summary[name] for name in ("status", "exit_status", "version", "records")},
        "folder": shown(folder.resolve()),
        "seconds": summary["timings"]["seconds"],
        "findings": list(terminal.findings(summary))[:FINDINGS],
    }
