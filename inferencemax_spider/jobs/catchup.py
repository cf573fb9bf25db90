"""Make the run of today unless it was made: what the crontab calls every quarter of an hour.

Prints nothing unless a run fails; then what it said, so that cron mails that.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.jobs import daily

REPEATED = {1, None}
"""Exit statuses after which a run is repeated: nothing usable came, or it was interrupted with the machine."""
SAID = 20_000
"""Characters that are printed of what a failed run said: the last ones."""
PATIENCE = 90
"""Seconds that a run has for its end when it has taken too long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Make the run if it is due and none is at work; return its exit status, 0 if there is nothing to do."""
    opts = _parser().parse_args(argv)
    try:
        due = daily.slot(datetime.now(UTC), daily.hours_and_minutes(opts.at), daily.zone(opts.tz))
        opts.state.mkdir(parents=True, exist_ok=True)
        with _opened(opts.state / f"{opts.name}.json") as notes:
            return _caught_up(notes, due, opts)
    except BlockingIOError:
        return 0
    except (ArgumentError, OSError) as error:
        print(f"{opts.name}: error: {error}", file=sys.stderr)  # noqa: T201 - it is a command
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m inferencemax_spider.jobs.catchup", description=__doc__)
    parser.add_argument("--name", required=True, help="what the files of its state are called")
    parser.add_argument("--at", required=True, metavar="HH:MM", help="from when on the run of a day is due")
    parser.add_argument("--tz", required=True, metavar="ZONE", help="the time zone of that")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="folder of the state")
    parser.add_argument(
        "--environment", required=True, type=Path, metavar="FILE", help="NAME=VALUE lines; may be absent"
    )
    parser.add_argument("command", nargs="+", help="the command of scrapy, with its arguments")
    return parser


def _opened(path: Path) -> TextIO:
    """Open the notes at *path* and lock them.

    Raises:
        BlockingIOError: a run is at work.
    """
    notes = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8")
    try:
        fcntl.flock(notes, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        notes.close()
        raise
    return notes


def _caught_up(notes: TextIO, due: str, opts: argparse.Namespace) -> int:
    """Run what is due, having noted that it is tried; then note its exit status."""
    done = _noted(notes)
    attempts = done.get("attempts", 0) if done.get("slot") == due else 0
    if attempts and (done.get("status") not in REPEATED or attempts >= daily.ATTEMPTS):
        return 0
    note = {"slot": due, "attempts": attempts + 1, "status": None}
    _note(notes, note)
    log = opts.state / f"{opts.name}.log"
    status = _run(opts.command, {**os.environ, **_variables(opts.environment)}, log, notes)
    _note(notes, {**note, "status": status})
    if status:
        print(f"{opts.name}: exit status {status}; {log} ends:")  # noqa: T201 - cron mails it
        print(log.read_text(encoding="utf-8", errors="replace")[-SAID:])  # noqa: T201 - as above
    return status


def _run(command: Sequence[str], env: dict[str, str], log: Path, lock: TextIO) -> int:
    """Run *command* of scrapy to its end, with what it says going to *log*; return the exit status.

    It holds the *lock* as well: should this process be killed, no other run begins while that one is at work.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - the command is the crontab's own
            [sys.executable, "-m", "scrapy", *command],
            env={"SCRAPY_SETTINGS_MODULE": daily.SETTINGS_MODULE, **env},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
        )
        for wait, end in ((daily.LONGEST_HOURS * 3600, process.terminate), (PATIENCE, process.kill)):
            with suppress(subprocess.TimeoutExpired):
                return process.wait(wait)
            end()
        return process.wait()


def _variables(path: Path) -> dict[str, str]:
    """Return the variables that the file at *path* sets, as systemd reads such a file in its simple form."""
    if not path.exists():
        return {}
    lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
    pairs = [line.partition("=") for line in lines if line and line[0] not in "#;"]
    return {name.strip(): _unquoted(value.strip()) for name, _, value in pairs if name.strip()}


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _noted(notes: TextIO) -> dict[str, Any]:
    """Return what the *notes* say; nothing when they are empty or were cut off by a crash."""
    try:
        found = json.load(notes)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _note(notes: TextIO, note: dict[str, Any]) -> None:
    """Put *note* in place of what the notes say; they stay the same file, which is what is locked."""
    notes.seek(0)
    notes.truncate()
    json.dump(note, notes)
    notes.flush()


if __name__ == "__main__":
    sys.exit(main())
