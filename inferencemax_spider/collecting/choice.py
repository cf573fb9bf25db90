"""Which of two results is the better one, and why.

The order: complete before incomplete; then the one that lacks fewer curves (model × sequence × hwKey) of those that
either of them or the version published before has; then the one with more points; the primary where that is equal.
Points, not rows, since a row of the live API stands for a point on each of its two axes: so results of different
generations can be compared. What failed is never published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inferencemax_spider.quality.evidence import Holdings, UnanswerableError
from inferencemax_spider.summary import RunStatus
from inferencemax_spider.versions.shape import display_name
from inferencemax_spider.versions.stored import StoredVersion

Curve = tuple[str, str, str]

ORDER: tuple[RunStatus, ...] = ("complete", "incomplete")
"""Statuses that may be published, the best one first."""
NAMED = 20
"""Curves and findings that are named at most; the version has all."""


@dataclass(frozen=True)
class Candidate:
    """What became of a spider's run: its ``version`` in the store, if it came to one, and what is wrong with it.

    ``asked`` are the arguments that said what to collect; ``exit_status`` is that of its crawl, if there was one.
    """

    spider: str
    status: RunStatus
    exit_status: int | None
    findings: tuple[str, ...] = ()
    version: StoredVersion | None = None
    asked: tuple[tuple[str, str], ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it may be published."""
        return self.version is not None and self.status in ORDER

    @cached_property
    def curves(self) -> dict[Curve, int]:
        """The points of each model × sequence × hwKey."""
        return _curves(self.version) if self.version and self.usable else {}

    @property
    def points(self) -> int:
        """How many points it has."""
        return sum(self.curves.values())

    @property
    def told(self) -> str:
        """What became of it, in a few words."""
        reason = f" ({self.findings[0]})" if self.findings and not self.usable else ""
        return f"{self.spider} {_state(self.status)}{reason}"


@dataclass(frozen=True)
class Choice:
    """What is published, nothing if neither is usable, and ``why``.

    ``lacking`` are the curves that each candidate lacks, ``lost`` those that were published before and the best lacks.
    """

    candidates: tuple[Candidate, ...]
    best: Candidate | None
    why: str
    lacking: tuple[list[Curve], ...]
    lost: list[Curve]

    def summarised(self) -> dict[str, Any]:
        """Return what the summary of the published version says of it."""
        assert self.best
        return {
            "collected_by": self.best.spider,
            "why": self.why,
            "candidates": [
                summarised(one, lacking) for one, lacking in zip(self.candidates, self.lacking, strict=True)
            ],
        }


def choose(candidates: Sequence[Candidate], before: StoredVersion | None = None) -> Choice:
    """Return which of the *candidates*, the primary first, is published; *before* is what was published last."""
    stayed = _comparable(candidates[0], before)
    known: set[Curve] = set().union(stayed, *(one.curves for one in candidates))
    lacking = {one: sorted(known - one.curves.keys()) for one in candidates}
    usable = [one for one in candidates if one.usable]
    # Of equal ones, min() takes the first.
    best = min(usable, default=None, key=lambda one: (ORDER.index(one.status), len(lacking[one]), -one.points))
    lost = sorted(stayed.keys() - best.curves.keys()) if best else []
    return Choice(tuple(candidates), best, _why(candidates, best), tuple(lacking.values()), lost)


def named(curves: Sequence[Curve]) -> str:
    """Return the *curves* in a few words."""
    shown = ", ".join(" ".join(curve) for curve in curves[:NAMED])
    return f"{shown}, and {len(curves) - NAMED} more" if len(curves) > NAMED else shown


def summarised(candidate: Candidate, lacking: Sequence[Curve] = ()) -> dict[str, Any]:
    """Return what is noted of *candidate*, which lacks these curves."""
    version = candidate.version
    return {
        "spider": candidate.spider,
        "asked": dict(candidate.asked),
        "version": version.name if version else None,
        "status": candidate.status,
        "exit_status": candidate.exit_status,
        "records": version.summary["records"] if version and version.readable else 0,
        "points": candidate.points,
        "curves": len(candidate.curves),
        "lacking": len(lacking),
        "lacking_curves": [" ".join(curve) for curve in lacking[:NAMED]],
        "findings": list(candidate.findings[:NAMED]),
    }


def _why(candidates: Sequence[Candidate], best: Candidate | None) -> str:
    """Return why the *best* is that, and what it lacks all the same."""
    if best is None:
        return f"nothing is usable: {', '.join(one.told for one in candidates)}"
    others = [one for one in candidates if one is not best]
    reasons = [", ".join((best.told, *(one.told for one in others)))]
    for other in others:
        if other.usable and other.status == best.status:
            reasons.append(_compared(best, other))
        if lacking := sorted(other.curves.keys() - best.curves.keys()):
            reasons.append(f"it lacks {len(lacking)} curves of {other.spider}: {named(lacking)}")
    return "; ".join(reasons)


def _compared(best: Candidate, other: Candidate) -> str:
    """Return in what the *best* is better than an *other* of the same status."""
    for what in ("curves", "points"):
        ours, theirs = (one.points if what == "points" else len(one.curves) for one in (best, other))
        if ours != theirs:
            return f"{best.spider} has {ours} {what}, {other.spider} {theirs}"
    return f"both have as much, and {best.spider} is the primary"


def _state(status: str) -> str:
    return {"failed": "failed", "cancelled": "was cancelled"}.get(status, f"is {status}")


def _curves(version: StoredVersion) -> dict[Curve, int]:
    """Return the points of each curve in *version*; nothing where it holds no benchmarks."""
    curves: Counter[Curve] = Counter()
    try:
        counts = Holdings(version.folder, version.summary).counts
    except UnanswerableError:
        return curves
    for group, hwkeys in counts.items():
        for hwkey, rows in hwkeys.items():
            curves[display_name(group.model), group.sequence, hwkey or ""] += rows if group.data_type else 2 * rows
    return curves


def _comparable(primary: Candidate, before: StoredVersion | None) -> dict[Curve, int]:
    """Return the curves published *before*, if the *primary* was asked for the same then."""
    if before is None or not before.usable:
        return {}
    then = [(entry["spider"], entry["asked"]) for entry in before.summary.get("candidates", ())[:1]]
    return _curves(before) if then == [(primary.spider, dict(primary.asked))] else {}
