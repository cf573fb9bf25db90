"""What the monitors judge: a version as it is stored, the comparable one before it, and what is expected.

The run itself and ``scrapy check-run`` judge alike, since neither knows more than the version holds. Records and
earlier versions are read when a monitor asks for them, and once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from inferencemax_spider.quality.expectations import Expectations
from inferencemax_spider.storage import place
from inferencemax_spider.versions import stored

MOST_INCOMPLETE = 10
"""How many earlier versions are looked at for one that was complete."""
SEVERAL = ""
"""Stands for the model of a row group that holds several."""


class UnanswerableError(Exception):
    """The version does not hold what a question needs; the message is the reason to skip it."""


def known(entry: Mapping[str, Any], key: str) -> Any:
    """Return what a part of a summary says of *key*.

    Raises:
        UnanswerableError: it does not say: an older release wrote it.
    """
    if key not in entry:
        raise UnanswerableError(f"the summary does not say {key!r}: an older release wrote it")
    return entry[key]


class Group(NamedTuple):
    """What belongs together: the records of a model, sequence and data type, which the live API does not tell apart."""

    model: str
    sequence: str
    data_type: str = ""

    @property
    def place(self) -> str:
        """The group within its model, as people read it: ``1k-8k e2e``."""
        return f"{self.sequence} {self.data_type}".strip()

    def is_of(self, endpoint: Mapping[str, Any]) -> bool:
        """Tell whether records of the group come from *endpoint*; one of the live API may hold several sequences."""
        if endpoint["model"] != self.model:
            return False
        return endpoint["sequence"] in ("", self.sequence) and endpoint["data_type"] in ("", self.data_type)


class Holdings:
    """What a version holds: its *summary*, and its records in the *folder*."""

    def __init__(self, folder: Path, summary: Mapping[str, Any]) -> None:
        self.folder = folder
        self.summary = summary

    @property
    def name(self) -> str:
        """The name of the version."""
        return str(self.summary["version"])

    @property
    def complete(self) -> bool:
        """Whether nothing was wrong with it."""
        return bool(self.summary["status"] == "complete")

    @property
    def endpoints(self) -> list[Mapping[str, Any]]:
        """What the summary says of each endpoint."""
        return list(self.summary["endpoint_details"])

    @property
    def path(self) -> Path:
        """The file of its records, fetched where it is on an object store only."""
        return place.there(self.folder, stored.RECORDS)

    @cached_property
    def metadata(self) -> Any:
        """The Parquet metadata of its records.

        Raises:
            UnanswerableError: there are none that can be read.
        """
        try:
            return pq.read_metadata(self.path)
        except (OSError, pa.ArrowInvalid):
            raise UnanswerableError(f"{stored.RECORDS} of {self.name} cannot be read") from None

    def records(self, columns: Sequence[str], optional: Sequence[str] = ()) -> pa.Table:
        """Return its records with the *columns*, and those of the *optional* ones that there are.

        Raises:
            UnanswerableError: there are none that can be read, or a column is not there.
        """
        there = set(self.metadata.schema.names)
        if missing := [name for name in columns if name not in there]:
            raise UnanswerableError(f"{stored.RECORDS} of {self.name} has no column {missing[0]!r}")
        with pq.ParquetFile(self.path) as file:
            return file.read(columns=[*columns, *(name for name in optional if name in there)])

    @cached_property
    def counts(self) -> dict[Group, Counter[str]]:
        """The number of records of each hwKey, by group."""
        table = self.records(("model_name", "sequence_length", "hwKey"), optional=("data_type",))
        counts: dict[Group, Counter[str]] = {}
        for row in table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist():
            group = Group(row["model_name"], row["sequence_length"], row.get("data_type", ""))
            counts.setdefault(group, Counter())[row["hwKey"]] = row["count_all"]
        return counts

    def hides(self, group: Group) -> bool:
        """Tell whether an endpoint brought nothing that should have brought records of the *group*."""
        return any(
            group.is_of(endpoint)
            for endpoint in self.endpoints
            if endpoint["state"] not in ("ok", *endpoint.get("accepted", ()))
        )

    @cached_property
    def filled(self) -> dict[str, set[str]]:
        """The columns that have a value, by model; taken from the metadata, without reading a record."""
        filled: dict[str, set[str]] = {}
        for number in range(self.metadata.num_row_groups):
            group = self.metadata.row_group(number)
            columns = {column.path_in_schema: column for column in map(group.column, range(group.num_columns))}
            present = {name for name, column in columns.items() if _has_values(column)}
            filled.setdefault(_only_value(columns.get("model_name")), set()).update(present)
        return filled


def _has_values(column: Any) -> bool:
    """Tell whether a column of a row group has a value; without statistics, it is taken to have one."""
    statistics = column.statistics
    return statistics is None or not statistics.has_null_count or statistics.null_count < column.num_values


def _only_value(column: Any) -> str:
    statistics = column and column.statistics
    if statistics and statistics.has_min_max and statistics.min == statistics.max:
        return str(statistics.min)
    return SEVERAL


@dataclass(frozen=True)
class Evidence:
    """All that there is to judge a version by.

    ``folder`` is where its files are: a version in the store, or the working folder next to the versions of a run that
    has just written its feeds.
    """

    folder: Path
    summary: Mapping[str, Any]
    expectations: Expectations

    @cached_property
    def version(self) -> Holdings:
        """What the version holds."""
        return Holdings(self.folder, self.summary)

    @property
    def previous(self) -> Holdings:
        """What the newest usable older version that was asked the same holds.

        Raises:
            UnanswerableError: there is none.
        """
        if not self.recent:
            raise UnanswerableError("there is no earlier version to compare with")
        return self.recent[0]

    @cached_property
    def recent(self) -> list[Holdings]:
        """The earlier versions, newest first, back to the newest that was complete, if there is one."""
        recent: list[Holdings] = []
        for holdings in islice(self._earlier(), MOST_INCOMPLETE):
            recent.append(holdings)
            if holdings.complete:
                break
        return recent

    @property
    def good(self) -> Holdings | None:
        """The newest complete one of the earlier versions, where that is not the previous one."""
        return next((holdings for holdings in self.recent[1:] if holdings.complete), None)

    def earlier(self, most: int) -> list[Holdings]:
        """Return at *most* so many comparable earlier versions, newest first."""
        return list(islice(self._earlier(), most))

    def _earlier(self) -> Iterator[Holdings]:
        root, name = self.folder.parent, str(self.summary["version"])
        while (found := stored.before(root, name, like=dict(self.summary))) is not None:
            yield Holdings(found.folder, found.summary)
            name = found.name
