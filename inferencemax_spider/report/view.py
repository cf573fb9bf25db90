"""What the page says of a run, in the words of a reader; a key that an older summary lacks is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inferencemax_spider.hardware import EDITIONS, Edition

LIMITS = {"lead": 8, "findings": 50, "groups": 200, "endpoints": 300}
"""How many there are at most: findings on top, findings of a check, groups that changed, endpoints."""
TEXT_AT_MOST = 400
TONES = {
    "good": ("✓", {"complete", "pass", "ok"}),
    "bad": ("✕", {"failed", "fail", "invalid"}),
    "warn": ("!", {"incomplete", "cancelled", "not_attempted"}),
}
NOT_PASSED = {"fail": "failed", "skip": "skipped"}
METRICS = {
    "tpPerGpu_y": "throughput per GPU",
    "e2e_x": "latency",
    "inter_x": "interactivity",
    "costh_y": "cost (hyperscaler)",
    "costn_y": "cost (neocloud)",
    "costr_y": "cost (rental)",
}


_EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("spider", "version", "status"), "–"),
    **dict.fromkeys(("site", "changes")),
    **dict.fromkeys(("records", "rejected"), 0),
    **{name: {} for name in ("endpoints", "arguments", "output_errors", "timings", "software")},
    **dict.fromkeys(("checks", "coverage", "endpoint_details", "carried_over"), ()),
}
"""A summary in which nothing is written down."""


@dataclass(frozen=True)
class Fact:
    """A number of the run with its name, and a ``note`` on the rest; ``bad`` tells whether something is wrong."""

    name: str
    value: str
    note: str = ""
    bad: bool = False


def whole(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return *summary* with every key that the page reads: what an older version did not write down is empty.

    Checks that failed come first.
    """
    found = {**_EMPTY, **summary}
    found["endpoints"] = {"planned": 0, "ok": 0} | found["endpoints"]
    found["timings"] = {"started_at": None, "seconds": 0, "requests": 0, "retries": 0} | found["timings"]
    checks = [{"findings": (), "severity": "", "message": ""} | check for check in found["checks"]]
    found["checks"] = sorted(checks, key=lambda check: bool(check["status"] != "fail"))
    found["endpoint_details"] = [_named(entry) for entry in found["endpoint_details"]]
    return found


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an endpoint of the summary with what it is called."""
    words = (entry.get(name) for name in ("model", "sequence", "data_type"))
    return {"bytes": 0, "sha256": None, "reason": "", **entry, "name": " ".join(filter(None, words)) or "–"}


def facts(summary: Mapping[str, Any], models: int, hwkeys: int) -> Iterator[Fact]:
    """Yield what the page leads with; *models* and *hwkeys* is how many the run brought."""
    rejected = {"rejected": summary["rejected"]} if summary["rejected"] else {}
    yield Fact("records", thousands(summary["records"]), _listed(rejected), bool(rejected))
    yield Fact("models", thousands(models))
    yield Fact("hwKeys", thousands(hwkeys))
    planned, ok, others = _endpoint_states(summary["endpoints"])
    yield Fact("endpoints ok", f"{ok} of {planned}", _listed(others), bool(others.keys() - {"empty"}))
    states = Counter(check["status"] for check in summary["checks"])
    others = {NOT_PASSED.get(state, state): number for state, number in states.items() if state != "pass"}
    yield Fact("checks passed", f"{states['pass']} of {states.total()}", _listed(others), "failed" in others)


def _endpoint_states(counts: Mapping[str, int]) -> tuple[int, int, dict[str, int]]:
    """Return how many endpoints were planned, how many are ``ok``, and how many are in each other state."""
    others = {state.replace("_", " "): number for state, number in counts.items() if state not in {"planned", "ok"}}
    return counts["planned"], counts["ok"], {state: number for state, number in others.items() if number}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{thousands(number)} {name}" for name, number in counts.items())


def findings(summary: Mapping[str, Any]) -> list[str]:
    """Return one line for each thing that is wrong with the run."""
    errors = [f"cannot write {name}: {reason}" for name, reason in summary["output_errors"].items()]
    return errors + [line for check in summary["checks"] if check["status"] == "fail" for line in check["findings"]]


def endpoints(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the endpoints, those that went wrong first."""
    return sorted(summary["endpoint_details"], key=lambda entry: bool(entry["state"] == "ok"))


def editions(names: Sequence[str]) -> list[Edition]:
    """Return the editions of power and prices with these *names*, as far as they are known."""
    return [EDITIONS[name] for name in names if name in EDITIONS]


def thousands(value: float) -> str:
    """Return a number with its thousands apart.

    >>> thousands(1358)
    '1,358'
    """
    return f"{value:,}"


def relative(value: float | None) -> str:
    """Return a relative change in percent.

    >>> relative(-0.3), relative(0.004), relative(None)
    ('−30 %', '+0.4 %', '–')
    """
    if value is None:
        return "–"
    percent = float(f"{abs(value) * 100:.2g}")
    return f"{'−' if value < 0 else '+'}{percent:,g} %"


def moment(text: str | None) -> str:
    """Return the time *text* (ISO 8601) to the minute.

    >>> moment("2026-11-23T19:13:22.446083+00:00")
    '2026-11-23 19:13 UTC'
    """
    try:
        return f"{datetime.fromisoformat(text or ''):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text or "–"


def clipped(value: object) -> str:
    """Return *value* as a text of bearable length."""
    text = str(value)
    return text if len(text) <= TEXT_AT_MOST else f"{text[:TEXT_AT_MOST]} …"


def tone(state: str) -> str:
    """Return whether the *state* of a run, a check or an endpoint is ``good``, ``bad``, ``warn`` or ``muted``."""
    return next((name for name, (_, states) in TONES.items() if state in states), "muted")


def symbol(state: str) -> str:
    """Return what says the same as the colour of *state*."""
    return TONES[tone(state)][0] if tone(state) in TONES else "–"


def metric(name: str) -> str:
    """Return what a reader calls the metric with this *name*."""
    return METRICS.get(name, name)


FILTERS = (thousands, relative, moment, clipped, tone, symbol, metric)
"""What the templates call by name."""
