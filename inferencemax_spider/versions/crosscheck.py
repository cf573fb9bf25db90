"""Two sources side by side, so that it can be judged whether one may take the place of the other.

The versions are compared as :mod:`.diff` compares any two, but only in what both runs were asked to collect: what only
one of them was asked for says nothing about the other. It is named instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.versions import diff
from inferencemax_spider.versions.diff import TELLING, Difference, Group, Values, floats
from inferencemax_spider.versions.shape import comparable, display_name
from inferencemax_spider.versions.stored import StoredVersion

PLACE = ("model_name", "sequence_length", "data_type")
HIGH = 95
"""The percentile of the relative differences that stands for the worst that is usual."""

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Scope:
    """What a run was asked to collect: models, sequences and data types, as its plan has them.

    An empty text stands for all that the site has: one answer of the live API holds all sequences of a model.
    """

    places: frozenset[Place]

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Scope:
        """Return the scope of the run with this *summary*.

        Raises:
            KeyError: it does not say: an older release wrote it.
        """
        asked = summary["arguments"].get("sequences", "").split(",")
        return cls(
            frozenset(
                (display_name(row["model"]), sequence, row["data_type"])
                for row in summary["coverage"]
                for sequence in ([row["sequence"]] if row["sequence"] else asked)
            )
        )

    @property
    def models(self) -> set[str]:
        """The models that it names."""
        return {model for model, _, _ in self.places}

    def holds(self, place: Place) -> bool:
        """Tell whether the run was asked for records of the *place*."""
        model, sequence, data_type = place
        return any((model, one, other) in self.places for one in (sequence, "") for other in (data_type, ""))


class Agreement(NamedTuple):
    """How far a metric agrees in the records that both versions have.

    ``compared`` are those in which both have it, ``differ`` those of them in which it differs beyond the threshold.
    The differences are relative to the first version: their median, the percentile 95 of their size, and the largest
    one; ``None`` where there is no such value.
    """

    compared: int
    differ: int
    only_first: int
    only_second: int
    median: float | None
    high: float | None
    largest: float | None


@dataclass(frozen=True)
class CrossCheck:
    """What there is to say of the *versions* of two sources.

    ``difference`` is that of the records that both were asked for; ``outside`` counts those that only one was, by
    model and sequence, on either side.
    """

    versions: tuple[StoredVersion, StoredVersion]
    difference: Difference
    outside: tuple[dict[str, int], dict[str, int]]
    extra: tuple[list[str], list[str]]
    """Metrics that only one of them has."""

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called: by their sources, unless that is one and the same."""
        first, second = self.versions
        if first.spider != second.spider:
            return first.spider, second.spider
        return f"{first.spider}/{first.name}", f"{second.spider}/{second.name}"

    @property
    def counts(self) -> dict[str, int]:
        """How many of the records agree, differ, or are on one side only."""
        found = self.difference.counts
        return {
            "agree": found["updated"] + found["unchanged"],
            "differ": found["changed"],
            "only_first": found["removed"],
            "only_second": found["added"],
        }

    @property
    def agrees(self) -> bool:
        """Whether there are records, and all are on both sides with the same numbers."""
        return sum(self.counts.values()) > 0 and not self.difference.found

    @cached_property
    def groups(self) -> list[Group]:
        """What became of each model × sequence × hwKey, those that differ most in the lead."""
        return self.difference.groups(every=True)

    def coverage(self, *names: str) -> dict[str, list[str]]:
        """Return which values of these *names* of a group are on both sides, and which on one of them only."""
        first, second = (
            {" ".join(getattr(group, name) for name in names) for group in self.groups if there(group)}
            for there in (_in_first, _in_second)
        )
        return {
            "both": sorted(first & second),
            "only_first": sorted(first - second),
            "only_second": sorted(second - first),
        }

    @property
    def apart(self) -> timedelta:
        """How much later the second was collected than the first."""
        first, second = (datetime.fromisoformat(version.summary["timings"]["started_at"]) for version in self.versions)
        return second - first

    @cached_property
    def metrics(self) -> dict[str, Agreement]:
        """How far each metric agrees, the most telling ones in the lead."""
        order = sorted(self.difference.metrics, key=lambda name: (*TELLING, name).index(name))
        found = ((name, self._agreement(name)) for name in order)
        return {name: agreement for name, agreement in found if any(agreement[:4])}

    def _agreement(self, metric: str) -> Agreement:
        difference = self.difference
        values = Values(
            floats(difference.old, metric)[difference.matches.old],
            floats(difference.new, metric)[difference.matches.new],
        )
        first, second = ~np.isnan(values.old), ~np.isnan(values.new)
        relative = values.relative[first & second]
        relative = relative[~np.isnan(relative)]
        return Agreement(
            compared=int((first & second).sum()),
            differ=int((values.differ(difference.tolerance) & first & second).sum()),
            only_first=int((first & ~second).sum()),
            only_second=int((second & ~first).sum()),
            median=diff.rounded(np.median(relative)) if len(relative) else None,
            high=diff.rounded(np.percentile(np.abs(relative), HIGH)) if len(relative) else None,
            largest=diff.rounded(max(relative, key=abs)) if len(relative) else None,
        )


def crosscheck(first: StoredVersion, second: StoredVersion, *, tolerance: float = 0.0) -> CrossCheck:
    """Compare the versions of two sources; *tolerance* is the relative difference below which metrics agree.

    Raises:
        OperationalError: one of them cannot be read, or holds no records that can be compared.
    """
    tables = comparable(first.records(), second.records())[:2]
    extra = [_floats_only_in(one, other) for one, other in (tables, tables[::-1])]
    scopes = [_scope(version) for version in (first, second)]
    inside, outside = zip(*(_divided(table, scopes) for table in tables), strict=True)
    for counts, (own, other) in zip(outside, (scopes, scopes[::-1]), strict=True):
        # A model that brought nothing is named all the same.
        named = " ".join(counts)
        counts.update({model: 0 for model in own.models - other.models if model not in named})
    return CrossCheck(
        versions=(first, second),
        difference=diff.compare(*inside, tolerance=tolerance),
        outside=(dict(sorted(outside[0].items())), dict(sorted(outside[1].items()))),
        extra=(extra[0], extra[1]),
    )


def _scope(version: StoredVersion) -> Scope:
    try:
        return Scope.of(version.summary)
    except (KeyError, TypeError, AttributeError):
        lacks = f"{version.folder} does not say what its run was asked for: an older release wrote it"
        raise OperationalError(f"{lacks}; scrapy diff compares all of it") from None


def _divided(table: pa.Table, scopes: list[Scope]) -> tuple[pa.Table, Counter[str]]:
    """Return the rows of *table* that are in all *scopes*, and a count of the others by model and sequence."""
    columns = [
        table[name].combine_chunks() if name in table.column_names else pa.array([""] * table.num_rows, pa.string())
        for name in PLACE
    ]
    keys = pc.binary_join_element_wise(*(pc.fill_null(column, "") for column in columns), "\n")
    held, outside = set(), Counter[str]()
    for text, count in _counted(keys):
        model, sequence, data_type = text.split("\n")
        place = (display_name(model), sequence, data_type)
        if all(scope.holds(place) for scope in scopes):
            held.add(text)
        else:
            outside[f"{place[0]} {sequence}"] += count
    return table.filter(pc.is_in(keys, pa.array(sorted(held), pa.string()))), outside


def _counted(keys: pa.Array) -> Iterator[tuple[str, int]]:
    for entry in pc.value_counts(keys).to_pylist():
        yield entry["values"], entry["counts"]


def _floats_only_in(table: pa.Table, other: pa.Table) -> list[str]:
    """Return the metrics with a value in *table* for which *other* has no column."""
    return [
        field.name
        for field in table.schema
        if pa.types.is_floating(field.type)
        and field.name not in other.column_names
        and table[field.name].null_count < table.num_rows
    ]


def _in_first(group: Group) -> bool:
    return bool(group.removed or group.changed or group.unchanged)


def _in_second(group: Group) -> bool:
    return bool(group.added or group.changed or group.unchanged)
