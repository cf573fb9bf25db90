"""Coverage as a heat map: which hwKeys were seen in which model and sequence, and what was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from inferencemax_spider.report import points, style

LEVELS = 5
COLUMNS_AT_MOST, ROWS_AT_MOST = 120, 200
ALL = "all"
"""What stands for the sequence where an endpoint brings all of its model's."""

Place = tuple[str, str]
Counts = dict[Place, dict[str, Counter[str]]]


@dataclass(frozen=True)
class Cell:
    """What is known of a hwKey in a place.

    ``kind`` is ``seen``, ``part`` (``note`` says what is lacking), ``gap`` (not seen), ``missing`` (it was expected) or
    ``gone`` (the version before had it); ``level`` is the depth of the colour, 1 to 5.
    """

    kind: str
    records: int = 0
    note: str = ""
    level: int = 0


class Problem(NamedTuple):
    """An endpoint that is not ``ok``: its state, and what there is to say of it."""

    state: str
    text: str


@dataclass(frozen=True)
class Row:
    """A model and sequence, with the endpoints of it that are not ``ok``.

    ``height`` is the number of rows of the model in the first of them, 0 in the others.
    """

    model: str
    sequence: str
    problems: list[Problem]
    cells: list[Cell]
    height: int


@dataclass(frozen=True)
class HeatMap:
    """The rows, a cell for each of ``hwkeys`` in each; and how many rows and columns were left out for their number."""

    hwkeys: list[str]
    rows: list[Row]
    hwkeys_omitted: int
    rows_omitted: int

    @property
    def vendors(self) -> dict[str, int]:
        """How many of the columns are of each vendor, in their order."""
        return dict(Counter(style.look(hwkey).vendor for hwkey in self.hwkeys))

    @property
    def problems(self) -> bool:
        """Whether there is an endpoint that is not ``ok``."""
        return any(row.problems for row in self.rows)

    @property
    def losses(self) -> int:
        """How many cells are marked as lost."""
        return sum(cell.kind in {"missing", "gone", "part"} for row in self.rows for cell in row.cells)


def heat_map(records: pa.Table, summary: Mapping[str, Any]) -> HeatMap:
    """Return the heat map of *records*, as :func:`points.read` has them, and of what the *summary* says.

    That has all keys, as from :func:`view.whole`.
    """
    counts, names = _counts(records), _names(records)
    endpoints = summary["coverage"]
    marks = _marks(endpoints, summary["changes"] or {}, names, counts)
    problems = _problems(endpoints, summary["endpoint_details"], names, counts)
    found = {hwkey for cells in counts.values() for hwkey in cells} | {
        hwkey for lost in marks.values() for hwkey in lost
    }
    hwkeys = sorted(found, key=style.order)
    places = _ordered({*counts, *marks, *problems}, endpoints, names)
    largest = max((kinds.total() for cells in counts.values() for kinds in cells.values()), default=1)
    heights = Counter(model for model, _ in places[:ROWS_AT_MOST])
    rows = []
    for place in places[:ROWS_AT_MOST]:
        cells = _cells(hwkeys[:COLUMNS_AT_MOST], counts.get(place, {}), marks.get(place, {}), largest)
        rows.append(Row(*place, problems.get(place, []), cells, heights.pop(place[0], 0)))
    return HeatMap(hwkeys[:COLUMNS_AT_MOST], rows, len(hwkeys[COLUMNS_AT_MOST:]), len(places) - len(rows))


def _counts(records: pa.Table) -> Counts:
    """Return the number of records of each hwKey, by data type (empty where a record is of both), by place."""
    keys = [name for name in ("label", "sequence", "hwKey", "data_type") if name in records.column_names]
    counts: Counts = {}
    for group in records.group_by(keys, use_threads=False).aggregate([([], "count_all")]).to_pylist():
        cells = counts.setdefault((group["label"], group["sequence"]), {})
        cells.setdefault(group["hwKey"], Counter())[group.get("data_type") or ""] += group["count_all"]
    return counts


def _names(records: pa.Table) -> dict[str, list[str]]:
    """Return what the report calls each model of the site: several names where it has several keys."""
    names: dict[str, list[str]] = {}
    for pair in records.group_by(["model_name", "label"], use_threads=False).aggregate([]).to_pylist():
        names.setdefault(pair["model_name"], []).append(pair["label"])
    return {name: sorted(labels) for name, labels in names.items()}


def _places(model: str, sequence: str, names: Mapping[str, list[str]], counts: Counts) -> list[Place]:
    """Return the rows that a *model* and *sequence* of the summary stand for."""
    labels = names.get(model, [model])
    if sequence:
        return [(label, sequence) for label in labels]
    return [place for place in counts if place[0] in labels] or [(model, ALL)]


def _marks(
    endpoints: Iterable[dict[str, Any]],
    changes: Mapping[str, Any],
    names: Mapping[str, list[str]],
    counts: Counts,
) -> dict[Place, dict[str, str]]:
    """Return the hwKeys that were lost, by place: ``gone`` since the version before, or expected and ``missing``.

    Of places with nothing at all, what became of the endpoint says enough about what was expected.
    """
    marks: dict[Place, dict[str, str]] = {}
    for group in changes.get("groups") or ():
        for place in _places(group["model"], group["sequence"], names, counts):
            if group["removed"] and group["hwKey"] not in counts.get(place, {}):
                marks.setdefault(place, {})[group["hwKey"]] = "gone"
    for endpoint in endpoints:
        for place in _places(endpoint["model"], endpoint["sequence"], names, counts):
            for hwkey in set(endpoint["missing_hwkeys"]) - counts.get(place, {}).keys():
                if place in counts:
                    marks.setdefault(place, {})[hwkey] = "missing"
    return marks


def _problems(
    endpoints: Iterable[dict[str, Any]],
    details: Iterable[dict[str, Any]],
    names: Mapping[str, list[str]],
    counts: Counts,
) -> dict[Place, list[Problem]]:
    """Return what became of the endpoints that are not ``ok``, by place."""
    reasons = {(entry["model"], entry["sequence"], entry["data_type"]): entry["reason"] for entry in details}
    problems: dict[Place, list[Problem]] = {}
    for endpoint in endpoints:
        model, sequence, data_type, state = (endpoint[name] for name in ("model", "sequence", "data_type", "state"))
        if state == "ok":
            continue
        told = filter(None, (data_type, state.replace("_", " "), reasons.get((model, sequence, data_type))))
        problem = Problem(state, ": ".join(told))
        for place in _places(model, sequence, names, counts):
            problems.setdefault(place, []).append(problem)
    return problems


def _ordered(places: set[Place], endpoints: Iterable[dict[str, Any]], names: Mapping[str, list[str]]) -> list[Place]:
    """Return *places* in the order of the plan, a model's sequences by their lengths."""
    planned = dict.fromkeys(endpoint["model"] for endpoint in endpoints)
    labels = [label for model in (*planned, *names) for label in names.get(model, [model])]
    ranks = {label: rank for rank, label in reversed(list(enumerate(labels)))}
    sequences = points.sequences({sequence for _, sequence in places})
    return sorted(places, key=lambda place: (ranks.get(place[0], len(ranks)), place[0], sequences.index(place[1])))


def _cells(
    hwkeys: Iterable[str], seen: Mapping[str, Counter[str]], marks: Mapping[str, str], largest: int
) -> list[Cell]:
    """Return a cell for each of *hwkeys*; *largest* is the count with the deepest colour.

    A hwKey is seen in part when it lacks a data type that others have in this place.
    """
    data_types = {data_type for kinds in seen.values() for data_type in kinds}
    cells = []
    for hwkey in hwkeys:
        kinds = seen.get(hwkey)
        if not kinds:
            cells.append(Cell(marks.get(hwkey, "gap")))
            continue
        level = max(1, round(LEVELS * (kinds.total() / largest) ** 0.5))
        lacking = ", ".join(f"no {data_type}" for data_type in sorted(data_types - kinds.keys()))
        cells.append(Cell("part" if lacking else "seen", kinds.total(), lacking, level))
    return cells
