"""Whether the numbers of a curve moved further than they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from spidermon import monitors

from inferencemax_spider.quality import comparison
from inferencemax_spider.quality.comparison import Shift
from inferencemax_spider.quality.evidence import Evidence, Group, Holdings
from inferencemax_spider.quality.monitors.base import ComparingMonitor
from inferencemax_spider.quality.monitors.losses import percent

ENOUGH = 3
"""Changes between earlier versions that make a history."""

Key = tuple[Group, str, str]


@monitors.name("distribution_shift")
class DistributionShift(ComparingMonitor[Shift]):
    """Throughput, latency and interactivity of each model × sequence × data type × hwKey with the version before.

    Of each metric the median, over the records that match by their natural key, of the ratio new to old. It may change
    by a fixed share, or by a multiple of the median change between earlier versions, whichever is more.
    """

    keys = ("shift_max", "shift_spread", "shift_records_min", "shift_versions")

    def expected(self, evidence: Evidence) -> str:
        """Return the largest change."""
        return f"no median of a curve that changed by more than {evidence.expectations.run.shift_max:.0%}"

    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[Key, Shift]:
        """Return the shifts that are larger than the fixed share, and larger than the curve's history shows."""
        found = {shift.key: shift for shift in comparison.shifts(earlier[0], evidence.version)}
        large = {key: shift for key, shift in found.items() if _is_large(evidence, shift)}
        usual = _usual(evidence) if large else {}
        return {
            key: shift
            for key, shift in large.items()
            if abs(shift.change) > evidence.expectations.of(shift.group.model).shift_spread * usual.get(key, 0.0)
        }

    def lines(self, evidence: Evidence, changes: Mapping[Key, Shift]) -> list[str]:
        """Name each hwKey of a model once, with the metrics and places that shifted."""
        curves: dict[tuple[str, str], dict[str, list[Shift]]] = {}
        for shift in changes.values():
            metrics = curves.setdefault((shift.group.model, shift.hwkey), {})
            metrics.setdefault(shift.metric, []).append(shift)
        return [
            f"{model}: {hwkey} has moved since {evidence.previous.name}: "
            + "; ".join(f"{metric} {_span(shifts)}" for metric, shifts in metrics.items())
            for (model, hwkey), metrics in curves.items()
        ]


def _is_large(evidence: Evidence, shift: Shift) -> bool:
    limits = evidence.expectations.of(shift.group.model)
    return shift.records >= limits.shift_records_min and abs(shift.change) > limits.shift_max


def _usual(evidence: Evidence) -> dict[Key, float]:
    """Return the median change of each metric of each curve between earlier versions, where there were enough."""
    changes: dict[Key, list[float]] = {}
    for newer, older in pairwise(evidence.earlier(evidence.expectations.run.shift_versions)):
        for shift in comparison.shifts(older, newer):
            changes.setdefault(shift.key, []).append(abs(shift.change))
    return {key: median(values) for key, values in changes.items() if len(values) >= ENOUGH}


def _span(shifts: Sequence[Shift]) -> str:
    """Return the changes of one metric in one or several places: ``+30 % in 1k-1k e2e (20 records)``."""
    least, most = (percent(choose(shift.change for shift in shifts)) for choose in (min, max))
    places = ", ".join(f"{shift.group.place} ({shift.records} records)" for shift in shifts)
    return f"{least if least == most else f'{least} to {most}'} in {places}"
