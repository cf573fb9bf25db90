"""The difference of two versions: records added, removed and changed, and what changed by curve.

A record is *changed* when a metric of it is: a number in a column of floats, on any of the axes or curves. A record
with the same numbers that differs in another column (a new date, another image, no longer on the front) is *updated*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.versions.keys import Matches, Places, dense, equal, match, stacked
from inferencemax_spider.versions.shape import comparable

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GROUP = ("model_name", "sequence_length", "hwKey")
TELLING = ("tpPerGpu_y", "e2e_x", "inter_x", "costh_y", "costn_y", "costr_y")
"""The metrics that say most, in that order: of a run's summary only these are a part."""
NOT_COMPARED = frozenset({"source", "id"})
"""Where a row comes from: it differs between any two generations, and whenever the site fills its database anew."""
GROUPS_AT_MOST = 200
DIGITS = 6


class Shift(NamedTuple):
    """How a metric changed, relative to the old value: −0.3 is a loss of 30 %; ``None`` where there is no such value.

    The median is that of the records in which the metric changed; the largest is the one furthest from 0.
    """

    median: float | None
    largest: float | None


@dataclass(frozen=True)
class Group:
    """What became of the records of one model, sequence and hwKey; ``metrics`` has those that changed.

    ``unchanged`` records are those whose metrics are the same, whatever else of them differs.
    """

    model: str
    sequence: str
    hwkey: str
    added: int
    removed: int
    changed: int
    unchanged: int
    metrics: dict[str, Shift]

    @property
    def size(self) -> int:
        """How many records differ."""
        return self.added + self.removed + self.changed


@dataclass(frozen=True)
class Values:
    """A metric before and after, in records that match; NaN is missing."""

    old: Floats
    new: Floats

    @property
    def relative(self) -> Floats:
        """The change relative to the old value; NaN where one is missing or the old one is 0."""
        with np.errstate(all="ignore"):
            change = (self.new - self.old) / np.abs(self.old)
        return np.where(np.isfinite(change), change, np.nan)

    def differ(self, tolerance: float) -> Flags:
        """Tell where the values differ: by *tolerance* or more, or in a way that has no relative change."""
        different: Flags = (self.old != self.new) & ~(np.isnan(self.old) & np.isnan(self.new))
        return different & ~(np.abs(self.relative) < tolerance) if tolerance else different


@dataclass(frozen=True)
class Difference:
    """What there is to say of two tables in one shape, *old* and *new*.

    ``matches`` has all pairs; ``changed`` and ``updated`` tell which of them are. ``changes`` counts the matching
    records in which each of the metrics changed, ``others`` those that differ in each of the other columns.
    """

    old: pa.Table
    new: pa.Table
    key: tuple[str, ...]
    metrics: tuple[str, ...]
    tolerance: float
    matches: Matches
    changed: Flags
    updated: Flags
    changes: dict[str, int]
    others: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """How many records are in each state; a record that matches is changed, updated or unchanged."""
        changed, updated = int(self.changed.sum()), int(self.updated.sum())
        return {
            "added": len(self.matches.added),
            "removed": len(self.matches.removed),
            "changed": changed,
            "updated": updated,
            "unchanged": len(self.changed) - changed - updated,
        }

    @property
    def found(self) -> bool:
        """Whether records were added, removed or changed."""
        return bool(len(self.matches.added) or len(self.matches.removed) or self.changed.any())

    @property
    def changed_places(self) -> tuple[Places, Places]:
        """The places of the changed records in the old and in the new table."""
        return self.matches.old[self.changed], self.matches.new[self.changed]

    @property
    def added(self) -> pa.Table:
        """The records that only the new table has."""
        return self.new.take(self.matches.added)

    @property
    def removed(self) -> pa.Table:
        """The records that only the old table has."""
        return self.old.take(self.matches.removed)

    def values(self, metric: str) -> Values:
        """Return the *metric* of the changed records, before and after."""
        before, after = self.changed_places
        return Values(floats(self.old, metric)[before], floats(self.new, metric)[after])

    def groups(self, metrics: Sequence[str] | None = None, *, every: bool = False) -> list[Group]:
        """Return the groups with a difference, or *every* one, the one with the largest first.

        Of the *metrics* (all by default) each has what changed.
        """
        codes = dense(stacked(self.old, self.new, name) for name in GROUP)
        of_old, of_new = codes[: self.old.num_rows], codes[self.old.num_rows :]
        _, first = np.unique(codes, return_index=True)
        matched = of_new[self.matches.new]
        among = matched[self.changed]
        states = (of_new[self.matches.added], of_old[self.matches.removed], among, matched[~self.changed])
        counts = [np.bincount(numbers, minlength=len(first)).tolist() for numbers in states]
        shifts = self._shifts(among, self.metrics if metrics is None else metrics)
        labels = (stacked(self.old, self.new, name).take(first).to_pylist() for name in GROUP)
        rows = enumerate(zip(*labels, *counts, strict=True))
        groups = [
            Group(model, sequence, hwkey, added, removed, changed, unchanged, shifts.get(code, {}))
            for code, (model, sequence, hwkey, added, removed, changed, unchanged) in rows
            if every or added or removed or changed
        ]
        return sorted(groups, key=lambda group: -group.size)

    def _shifts(self, codes: Places, metrics: Iterable[str]) -> dict[int, dict[str, Shift]]:
        """Return how each of the *metrics* changed, by the group of the changed records, of which *codes* has each."""
        shifts: dict[int, dict[str, Shift]] = {}
        for name in metrics:
            values = self.values(name)
            places = np.flatnonzero(values.differ(self.tolerance))
            if not len(places):
                continue
            by_group = pd.Series(values.relative[places]).groupby(codes[places])
            extremes = by_group.agg(["median", "min", "max"])
            for code, median, least, most in extremes.itertuples(name=None):
                shifts.setdefault(code, {})[name] = Shift(rounded(median), rounded(max(least, most, key=abs)))
        return shifts


def compare(
    old: pa.Table, new: pa.Table, *, tolerance: float = 0.0, metrics: Sequence[str] | None = None
) -> Difference:
    """Compare the records of two versions, as :meth:`StoredVersion.records` has them, of any generation.

    *tolerance* is the relative change below which a metric counts as unchanged, 0.05 for 5 %; a metric that came,
    vanished, or was 0 has changed in any case. Only the *metrics* that are named are compared; all by default.

    Raises:
        ArgumentError: one of the *metrics* is none that both have.
        OperationalError: the tables hold no records that can be compared.
    """
    old, new, key = comparable(old, new)
    common = [name for name in old.column_names if name in new.column_names]
    numbers = tuple(name for name in common if pa.types.is_floating(old.schema.field(name).type))
    chosen = _chosen(metrics, numbers)
    matches = match(old, new, key)
    rest = [name for name in common if name not in {*numbers, *key, *NOT_COMPARED}]
    pairs = (Values(floats(old, name)[matches.old], floats(new, name)[matches.new]) for name in chosen)
    changes, changed = _counted(zip(chosen, (values.differ(tolerance) for values in pairs), strict=True), matches)
    others, differ = _counted(((name, ~equal(old, new, matches, name)) for name in rest), matches)
    return Difference(old, new, key, chosen, tolerance, matches, changed, differ & ~changed, changes, others)


def summary(difference: Difference | None = None, since: str | None = None) -> dict[str, Any]:
    """Return the *difference* to the version *since* as a run's ``changes``; of nothing for a first version.

    It is small, and plain JSON: the largest ``GROUPS_AT_MOST`` groups, with the metrics in ``TELLING``.
    """
    groups = difference.groups([name for name in TELLING if name in difference.metrics]) if difference else []
    return {
        "since": since,
        "records": difference.counts if difference else None,
        "groups": [_summarised(group) for group in groups[:GROUPS_AT_MOST]],
        "groups_omitted": len(groups[GROUPS_AT_MOST:]),
    }


def floats(table: pa.Table, name: str) -> Floats:
    """Return the column *name* as numbers, NaN where it has none."""
    column: Floats = table[name].to_numpy()
    return column


def _summarised(group: Group) -> dict[str, Any]:
    return {
        "model": group.model,
        "sequence": group.sequence,
        "hwKey": group.hwkey,
        "added": group.added,
        "removed": group.removed,
        "changed": group.changed,
        "metrics": {name: shift._asdict() for name, shift in group.metrics.items()},
    }


def _chosen(metrics: Sequence[str] | None, valid: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the *valid* metrics that are asked for."""
    for name in metrics or ():
        if name not in valid:
            raise ArgumentError(f"both versions have no metric {name!r}; valid: {', '.join(valid)}")
    return valid if metrics is None else tuple(name for name in valid if name in metrics)


def _counted(columns: Iterable[tuple[str, Flags]], matches: Matches) -> tuple[dict[str, int], Flags]:
    """Return in how many of the pairs each of the *columns* differs, if in any; and which pairs differ in one."""
    counts: dict[str, int] = {}
    differing = np.zeros(len(matches.old), dtype=np.bool_)
    for name, different in columns:
        if number := int(different.sum()):
            counts[name] = number
            differing |= different
    return counts, differing


def rounded(value: float) -> float | None:
    """Return *value* with as many digits as say something, or ``None`` if it is none."""
    return None if np.isnan(value) else float(f"{value:.{DIGITS}g}")
