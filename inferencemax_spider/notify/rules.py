"""When somebody is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

Rule = Literal["failure", "incomplete", "change", "recovery", "always"]
RULES: tuple[Rule, ...] = get_args(Rule)


def parsed(text: str) -> frozenset[Rule]:
    """Return the rules that *text* lists, separated by commas; none of them for an empty one.

    Raises:
        ValueError: one of them is none; the message names those that are.
    """
    names = {part.strip().casefold() for part in text.split(",") if part.strip()}
    if unknown := sorted(names - set(RULES)):
        raise ValueError(f"unknown rule {unknown[0]!r}; valid: {', '.join(RULES)}")
    return frozenset(rule for rule in RULES if rule in names)


def due(summary: Mapping[str, Any], before: Mapping[str, Any] | None, rules: Collection[Rule]) -> bool:
    """Tell whether the *rules* ask for a message on the run of this *summary*; *before* is that of the run before."""
    holds: dict[Rule, bool] = {
        "failure": summary["status"] in {"failed", "cancelled"},
        "incomplete": summary["status"] == "incomplete",
        "change": changed(summary),
        "recovery": recovered(summary, before),
        "always": True,
    }
    return any(holds[rule] for rule in rules)


def changed(summary: Mapping[str, Any]) -> bool:
    """Tell whether the data differ from those of the version before, or are the first."""
    changes = summary.get("changes")
    if not changes:
        return False
    if changes["since"] is None:
        return summary["status"] in {"complete", "incomplete"}
    return any(changes["records"][state] for state in ("added", "removed", "changed"))


def recovered(summary: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Tell whether the run is complete, and the one before was not."""
    return summary["status"] == "complete" and before is not None and before["status"] != "complete"
