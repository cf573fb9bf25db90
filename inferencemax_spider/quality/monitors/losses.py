"""What the version before had and this one has not: hwKeys, records, fields; and fields that are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from spidermon import monitors

from inferencemax_spider.parsers.api_v1 import ROW_FIELDS
from inferencemax_spider.quality.comparison import Pairs
from inferencemax_spider.quality.evidence import SEVERAL, Evidence, Group, Holdings, UnanswerableError
from inferencemax_spider.quality.monitors.base import Answer, ComparingMonitor
from inferencemax_spider.quality.monitors.coverage import required
from inferencemax_spider.records import METRICS

SERVED = {*ROW_FIELDS, *METRICS}
"""Columns that hold what the site serves; all others follow from them, or are in every record."""


class Sighting(NamedTuple):
    """The hwKeys of a group in the newest earlier version that saw all of it."""

    version: str
    hwkeys: Counter[str]


def sightings(evidence: Evidence, earlier: Iterable[Holdings]) -> dict[Group, Sighting]:
    """Return what was last seen of each group, by those of the *earlier* versions (newest first) that saw all of it.

    A version in which an endpoint brought nothing says nothing of its groups: the one before it does. What this
    version cannot have seen all of is left out.
    """
    seen: dict[Group, Sighting] = {}
    newer: list[Holdings] = [evidence.version]
    for holdings in earlier:
        for group, hwkeys in holdings.counts.items():
            hidden = (later.hides(group) for later in newer[1:])
            if all(hidden) and not holdings.hides(group) and not evidence.version.hides(group):
                seen[group] = Sighting(holdings.name, hwkeys)
        newer.append(holdings)
    return seen


@monitors.name("hwkeys_gone")
class HwkeysGone(ComparingMonitor[tuple[str, int]]):
    """The hwKeys of each model × sequence × data type with those that the version before had there.

    What `expected_hwkeys` names is not named again.
    """

    keys = ("excused_hwkeys",)

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return what holds when nothing is lost."""
        return "every hwKey of the version before"

    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[tuple[Group, str], tuple[str, int]]:
        """Return version and number of the records that each lost hwKey of each group had."""
        now, elsewhere = evidence.version.counts, _named_elsewhere(evidence)
        return {
            (group, hwkey): (sighting.version, count)
            for group, sighting in sorted(sightings(evidence, earlier).items())
            for hwkey, count in sorted(sighting.hwkeys.items())
            if hwkey not in now.get(group, ())
            and hwkey not in evidence.expectations.of(group.model).excused_hwkeys
            and not any(hwkey == missing and group.is_of(row) for row, missing in elsewhere)
        }

    def lines(self, evidence: Evidence, changes: Mapping[tuple[Group, str], tuple[str, int]]) -> list[str]:
        """Name each model's lost groups in one line, and each of its lost hwKeys in another."""
        lost: dict[tuple[str, str, str], dict[str, int]] = {}
        for (group, hwkey), (version, count) in changes.items():
            what = f"hwKey {hwkey} is gone" if group in evidence.version.counts else "all records are gone"
            places = lost.setdefault((group.model, what, version), {})
            places[group.place] = places.get(group.place, 0) + count
        return [
            f"{model}: {what}; {version} had {sum(places.values())} records: {_listed(places)}"
            for (model, what, version), places in lost.items()
        ]


def _named_elsewhere(evidence: Evidence) -> list[tuple[Mapping[str, object], str]]:
    """Return the endpoints, each with the hwKey that it lacks, that the monitor of expected hwKeys names."""
    if evidence.expectations.run.severity.expected_hwkeys == "off":
        return []
    return [(row, hwkey) for row, hwkey in required(evidence) if hwkey not in row["seen_hwkeys"]]


def _listed(places: Mapping[str, object]) -> str:
    return ", ".join(f"{place} {count}" for place, count in places.items())


class Drop(NamedTuple):
    """The records of a group, now and in the version that is compared with."""

    now: int
    then: int
    version: str


@monitors.name("record_counts")
class RecordCounts(ComparingMonitor[Drop]):
    """The records of each model × sequence × data type with those of the version before, and with absolute minima.

    Counted are hwKeys that both have; rejected records do not count as lost. Minima are asked only of runs that were
    not restricted to sequences, data types or days.
    """

    keys = ("record_drop_max", "records_min")

    def expected(self, evidence: Evidence) -> str:
        """Return the largest drop."""
        return f"at most {evidence.expectations.run.record_drop_max:.0%} fewer records than in the version before"

    def answer(self, evidence: Evidence) -> Answer:
        """Compare with the minima, and with the version before."""
        minima = list(_below_minimum(evidence))
        try:
            observed, findings = super().answer(evidence)
        except UnanswerableError as error:
            if not minima:
                raise
            return str(error), minima
        return observed, [*minima, *findings]

    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[Group, Drop]:
        """Return the groups that lost more than they may."""
        now = evidence.version.counts
        drops: dict[Group, Drop] = {}
        for group, sighting in sorted(sightings(evidence, earlier).items()):
            here = now.get(group, Counter())
            common = here.keys() & sighting.hwkeys.keys()
            then = sum(sighting.hwkeys[hwkey] for hwkey in common)
            drop = Drop(sum(here[hwkey] for hwkey in common), then, sighting.version)
            lost = drop.then - drop.now - _rejected(evidence, group)
            if lost > evidence.expectations.of(group.model).record_drop_max * drop.then:
                drops[group] = drop
        return drops

    def lines(self, evidence: Evidence, changes: Mapping[Group, Drop]) -> list[str]:  # noqa: ARG002 - they say all
        """Name each model once, with the groups that lost records."""
        models: dict[tuple[str, str], dict[Group, Drop]] = {}
        for group, drop in changes.items():
            models.setdefault((group.model, drop.version), {})[group] = drop
        return [_dropped(model, version, drops) for (model, version), drops in models.items()]


def _dropped(model: str, version: str, drops: Mapping[Group, Drop]) -> str:
    now, then = sum(drop.now for drop in drops.values()), sum(drop.then for drop in drops.values())
    places = _listed({group.place: f"{drop.now} of {drop.then}" for group, drop in drops.items()})
    return f"{model}: {now} records where {version} had {then} ({percent(now / then - 1)}): {places}"


def percent(change: float) -> str:
    """Return a relative *change* as people read it.

    >>> percent(0.3), percent(-0.5)
    ('+30 %', '−50 %')
    """
    return f"{change:+.0%}".replace("-", "−").replace("%", " %")


def _rejected(evidence: Evidence, group: Group) -> int:
    return sum(endpoint["rejected"] for endpoint in evidence.version.endpoints if group.is_of(endpoint))


RESTRICTIONS = frozenset({"sequences", "data_types", "sample", "date", "since", "until"})
"""Spider arguments that leave out a part of a model."""


def _below_minimum(evidence: Evidence) -> Iterator[str]:
    """Yield a line for each minimum of a planned model that is not reached."""
    if RESTRICTIONS & evidence.summary["arguments"].keys():
        return
    for model in dict.fromkeys(endpoint["model"] for endpoint in evidence.version.endpoints if endpoint["model"]):
        for what, least in evidence.expectations.of(model).records_min.items():
            counts = evidence.version.counts.items()
            count = sum(hwkeys.total() for group, hwkeys in counts if group.model == model and _is_of(group, what))
            if count < least:
                yield f"{model}: {count} records of {what}, at least {least} are expected"


def _is_of(group: Group, what: str) -> bool:
    """Tell whether a minimum of *what* counts the *group*; a record of the live API is of both data types."""
    sequence, _, data_type = what.partition(" ")
    if sequence != group.sequence:
        return what == "total"
    return not data_type or not group.data_type or group.data_type == data_type


class Field(NamedTuple):
    """A field that came or went, in so many records of these models."""

    records: int
    models: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.records} records of {', '.join(self.models)}"


@monitors.name("fields_gone")
class FieldsGone(ComparingMonitor[Field]):
    """The fields that records have with those that the same records had in the version before."""

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return what holds when nothing is lost."""
        return "every field of the version before, of those records that both have"

    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[str, Field]:
        """Return the fields that a model had, and has not any more, with the records that lost it."""
        old, new = earlier[0], evidence.version
        columns = _emptied(old, new)
        unknown = _undeclared(old).keys() - _undeclared(new).keys() - set().union(*new.filled.values())
        if not columns and not unknown:
            return {}
        pairs = Pairs.of(old, new, [*columns, *(["extra"] if unknown else [])])
        models, extras = pairs.models(), pairs.extras() if unknown else []
        lost = {column: pairs.had(column) & np.isin(models, [*among]) for column, among in columns.items()}
        lost |= {name: np.array([name in names for names in extras], dtype=np.bool_) for name in unknown}
        return {
            name: Field(len(of), tuple(sorted(set(of))))
            for name, places in sorted(lost.items())
            if len(of := models[places])
        }

    def lines(self, evidence: Evidence, changes: Mapping[str, Field]) -> list[str]:
        """Name each field."""
        return [f"field {name} is gone: {field} had it in {evidence.previous.name}" for name, field in changes.items()]


def _emptied(old: Holdings, new: Holdings) -> dict[str, set[str]]:
    """Return the served columns that have no value any more, each with the models that had some."""
    columns: dict[str, set[str]] = {}
    for model in (old.filled.keys() & new.filled.keys()) - {SEVERAL}:
        for name in (old.filled[model] - new.filled[model]) & SERVED:
            columns.setdefault(name, set()).add(model)
    return columns


def _undeclared(holdings: Holdings) -> dict[str, int]:
    """Return the fields that nobody declared, with their records; not metrics whose values are no numbers."""
    fields = holdings.summary["unknown_fields"]
    return {name: count for name, count in fields.items() if name.removeprefix("metrics.") not in METRICS}


@monitors.name("fields_new")
class FieldsNew(ComparingMonitor[Field]):
    """The fields that nobody declared with those of the version before."""

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return what holds when nothing is new."""
        return "no field that the version before did not have"

    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[str, Field]:
        """Return the new fields, with the records that have them."""
        fields = _undeclared(evidence.version)
        before = _undeclared(earlier[0])
        return {name: Field(fields[name], _with_field(evidence.version, name)) for name in fields if name not in before}

    def lines(self, evidence: Evidence, changes: Mapping[str, Field]) -> list[str]:  # noqa: ARG002 - they say all
        """Name each field."""
        return [f"field {name} is new: {field} have it" for name, field in changes.items()]


def _with_field(holdings: Holdings, name: str) -> tuple[str, ...]:
    models = (endpoint["model"] for endpoint in holdings.endpoints if name in endpoint["unknown_fields"])
    return tuple(sorted(set(models)))
