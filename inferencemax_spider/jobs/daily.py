"""A run every day on this machine: what is run, where and when, and the files that make systemd or cron do it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from importlib.resources import files
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError

TEMPLATES = files(__package__) / "templates"
SETTINGS_MODULE = "inferencemax_spider.settings"
ATTEMPTS = 4
"""Runs of a day at most: one that brings nothing usable is repeated."""
PAUSE_MINUTES = 15
"""Minutes between them."""
LONGEST_HOURS = 6
"""Hours after which a run is ended."""
MARK = "# Written by: "
"""What our files begin with; others are not overwritten."""


@dataclass(frozen=True)
class Places:
    """Folders on this machine.

    Attributes:
        project: where the command runs, and ``OUTPUT_DIR`` is relative to.
        config: of the environment file.
        state: where cron's runs note what was done.
        units: of systemd's unit files.
        crontabs: of cron's file.
        user: who runs it, where that has to be said: for the whole machine.
    """

    project: Path
    config: Path
    state: Path
    units: Path
    crontabs: Path
    user: str | None = None

    @classmethod
    def of_user(cls, project: Path) -> Places:
        """Return those of the user who asks."""
        config = _base("XDG_CONFIG_HOME", ".config")
        own = config / "inferencemax"
        return cls(project, own, _base("XDG_STATE_HOME", ".local/state") / "inferencemax", config / "systemd/user", own)

    @classmethod
    def of_machine(cls, project: Path) -> Places:
        """Return those of the machine; the owner of the *project* runs it."""
        home = Path(f"~{project.owner()}").expanduser()
        return cls(
            project,
            home / ".config/inferencemax",
            home / ".local/state/inferencemax",
            Path("/etc/systemd/system"),
            Path("/etc/cron.d"),
            project.owner(),
        )

    @property
    def environment(self) -> Path:
        """The file of environment variables, secrets among them."""
        return self.config / "environment"


@dataclass(frozen=True)
class Daily:
    """``scrapy crawl`` with these *options*, every day from *at* (hours and minutes) in *zone*.

    ``asked`` is the command line that this comes from; it is noted in the files. With a *fallback*, another spider, it
    is ``scrapy collect``.
    """

    spider: str
    options: Sequence[str]
    at: time
    zone: str
    places: Places
    asked: Sequence[str]
    fallback: str | None = None

    def __post_init__(self) -> None:
        if any(re.search(r"[\x00-\x1f\x7f]", text) for text in (*self.options, str(self.places.project))):
            raise ArgumentError("line breaks and control characters cannot stand in a unit file or a crontab")

    @property
    def name(self) -> str:
        """What units, crontab and state are called."""
        return f"inferencemax-{self.spider}"

    @property
    def command(self) -> list[str]:
        """The command, without Python."""
        name, fallback = ("collect", ["--fallback", self.fallback]) if self.fallback else ("crawl", [])
        return [name, self.spider, *fallback, *self.options]

    def filled(self, template: str, **values: str) -> str:
        """Return the file that comes of *template* with these *values* and those that all have."""
        text = Template((TEMPLATES / template).read_text(encoding="utf-8"))
        return text.substitute(
            values,
            mark=MARK + shlex.join(self.asked),
            spider=self.spider,
            attempts=ATTEMPTS,
            pause=PAUSE_MINUTES,
            longest=LONGEST_HOURS,
            module=SETTINGS_MODULE,
        )


def hours_and_minutes(text: str) -> time:
    """Return the time of day that *text* is, ``HH:MM``."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ArgumentError(f"{text!r} is no time of day from 00:00 to 23:59")
    return time.fromisoformat(text)


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that *name*."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ArgumentError(f"{name!r} is no time zone, such as UTC or Europe/Berlin") from None


def slot(now: datetime, at: time, in_zone: tzinfo) -> str:
    """Return the day whose run is due *now*: the last on which the time *at* has come."""
    local = now.astimezone(in_zone)
    day = local.date() if local.time() >= at else local.date() - timedelta(days=1)
    return day.isoformat()


def write(texts: dict[Path, str]) -> list[str]:
    """Write the files; return a line on each: written, replaced or unchanged.

    Raises:
        OperationalError: one cannot be written, or is somebody else's; then none is.
    """
    try:
        before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in texts}
        if foreign := [path for path, text in before.items() if text is not None and not text.startswith(MARK)]:
            raise OperationalError(f"{foreign[0]} is not ours and stays as it is; move it away first")
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperationalError(f"cannot write the files: {error}") from None
    verbs = {
        path: "written" if text is None else "unchanged" if text == texts[path] else "replaced"
        for path, text in before.items()
    }
    return [f"{verb}: {path}" for path, verb in verbs.items()]


def prepare_environment(path: Path) -> str:
    """Make the file of secrets at *path* if it is not there, readable by its owner alone; return a line on it."""
    try:
        if path.exists():
            private = not path.stat().st_mode & 0o077
            return f"read at each run: {path}" if private else f"others can read {path}: chmod 600 it"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write((TEMPLATES / "environment").read_text(encoding="utf-8"))
    except OSError as error:
        raise OperationalError(f"cannot write {path}: {error.strerror}") from None
    return f"written: {path}"


def _base(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / otherwise)
