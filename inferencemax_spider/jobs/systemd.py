"""A daily run by systemd: a service and its timer."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from inferencemax_spider.jobs.daily import Daily

NETWORK = "Wants=network-online.target\nAfter=network-online.target"


def texts(daily: Daily) -> dict[Path, str]:
    """Return the unit files by their paths."""
    places = daily.places
    service = daily.filled(
        "daily.service",
        # A user's own systemd does not know of the network.
        network=NETWORK if places.user else "# The network may not be there yet when the user logs in.",
        user=f"User={places.user}" if places.user else "# It runs as the user whose unit it is.",
        folder=_literal(str(places.project)),
        environment=_literal(str(places.environment)),
        command=" ".join(map(_quoted, (sys.executable, "-m", "scrapy", *daily.command))),
    )
    timer = daily.filled("daily.timer", at=f"{daily.at:%H:%M}", zone=daily.zone)
    return {places.units / f"{daily.name}.service": service, places.units / f"{daily.name}.timer": timer}


def explained(daily: Daily) -> list[str]:
    """Return what is left to do, and how to look after it."""
    user = "" if daily.places.user else " --user"
    lines = [
        ("turn it on", f"systemctl{user} daemon-reload && systemctl{user} enable --now {daily.name}.timer"),
        ("also when you are not logged in", "loginctl enable-linger"),
        ("try it now", f"systemctl{user} start {daily.name}.service"),
        ("when is the next", f"systemctl{user} list-timers {daily.name}.timer"),
        ("what did it say", f"journalctl{user} -u {daily.name}.service"),
        ("turn it off", f"systemctl{user} disable --now {daily.name}.timer"),
    ]
    return [f"{what + ':':33}{command}" for what, command in lines if user or "linger" not in command]


def _literal(text: str) -> str:
    """Return *text* as it stands in a unit file, where % begins a specifier."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """Return a *word* of a command line as one, whatever is in it."""
    escaped = _literal(re.sub(r'(["\\])', r"\\\1", word)).replace("$", "$$")
    return escaped if re.fullmatch(r"[\w@%+=:,./-]+", escaped) else f'"{escaped}"'
