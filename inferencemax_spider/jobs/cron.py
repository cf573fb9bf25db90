"""A daily run by cron: a crontab that asks every quarter of an hour whether a run is due (:mod:`.catchup`)."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from inferencemax_spider.jobs.daily import PAUSE_MINUTES, Daily


def texts(daily: Daily) -> dict[Path, str]:
    """Return the crontab by its path."""
    user = f" {daily.places.user}" if daily.places.user else ""
    text = daily.filled("daily.cron", when=f"*/{PAUSE_MINUTES} * * * *{user}", command=_command(daily))
    suffix = "" if daily.places.user else ".cron"  # a file with a dot in its name is not read from /etc/cron.d
    return {daily.places.crontabs / f"{daily.name}{suffix}": text}


def explained(daily: Daily) -> list[str]:
    """Return what is left to do, and how to look after it."""
    (path,) = map(str, texts(daily))
    state = daily.places.state / daily.name
    if daily.places.user:
        lines = [("turn it off", f"rm {shlex.quote(path)}")]
    else:
        lines = [("turn it on", f"(crontab -l; cat {shlex.quote(path)}) | crontab -"), ("turn it off", "crontab -e")]
    lines += [("what was done last", f"{state}.json"), ("what did it say", f"{state}.log")]
    first = f"The first run begins within {PAUSE_MINUTES} minutes; it stands for the time that has passed last."
    return [*(f"{what + ':':33}{command}" for what, command in lines), first]


def _command(daily: Daily) -> str:
    """Return the shell's command line, as a crontab wants it: there, % ends the line."""
    places = daily.places
    options = {"--name": daily.name, "--at": f"{daily.at:%H:%M}", "--tz": daily.zone, "--state": str(places.state)}
    words = [word for pair in options.items() for word in pair]
    catchup = [
        sys.executable,
        "-m",
        "inferencemax_spider.jobs.catchup",
        *words,
        "--environment",
        str(places.environment),
    ]
    line = f"cd {shlex.quote(str(places.project))} && {shlex.join([*catchup, '--', *daily.command])}"
    return line.replace("%", r"\%")
