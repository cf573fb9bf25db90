"""Published versions as they are read: found by name, with their summary and their records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import place
from inferencemax_spider.versions.store import LATEST, age

SUMMARY = "summary.json"
RECORDS = "benchmarks.parquet"
PREVIOUS = "previous"
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


class UnknownVersionError(OperationalError):
    """A version that is not there; the message names those that are."""


@dataclass(frozen=True)
class StoredVersion:
    """A version in the store."""

    folder: Path

    @property
    def name(self) -> str:
        """The time of its start in UTC, with a number where that was taken."""
        return self.folder.name

    @property
    def spider(self) -> str:
        """The spider that collected it."""
        return self.folder.parent.name

    @property
    def raw(self) -> Path:
        """The folder of its raw files, as far as they are on this machine; see :meth:`raw_files`."""
        return self.folder / "raw"

    def raw_files(self) -> Path:
        """Return the folder of its raw files, with all of them in it: those of an object store are fetched.

        Raises:
            OperationalError: they could not be fetched.
        """
        if mirror := place.mirror_of(self.folder.parent):
            mirror.fetch_raw(self.name)
        return self.raw

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Its ``summary.json``.

        Raises:
            OperationalError: there is none that can be read.
        """
        path = self.folder / SUMMARY
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OperationalError(f"cannot read {path}: {error}") from error
        if not isinstance(summary, dict):
            raise OperationalError(f"{path} is no summary of a run")
        return summary

    def saying(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return its summary, which must say all the *keys*.

        Raises:
            OperationalError: it cannot be read, or does not say one: an older release wrote it, or nothing of ours.
        """
        if missing := sorted(key for key in keys if self.summary.get(key) is None):
            lacks = f"{self.folder / SUMMARY} does not hold {', '.join(missing)}"
            raise OperationalError(f"{lacks}; scrapy crawl -a replay=FOLDER makes a new version")
        return self.summary

    @property
    def usable(self) -> bool:
        """Whether it brought data: a failed run is stored, but nothing is compared with it."""
        try:
            return bool(self.summary["status"] in {"complete", "incomplete"})
        except (OperationalError, KeyError):
            return False

    @property
    def readable(self) -> bool:
        """Whether its summary can be read."""
        try:
            return bool(self.summary)
        except OperationalError:
            return False

    def records(self) -> pa.Table:
        """Return its ``benchmarks.parquet``: a row per record, the columns of its generation.

        Raises:
            OperationalError: it cannot be read.
        """
        try:
            # Not read_table: it loads Arrow's datasets first, which takes longer than most versions.
            with pq.ParquetFile(place.there(self.folder, RECORDS)) as file:
                return file.read()
        except OperationalError:
            raise
        except (OSError, pa.ArrowInvalid) as error:
            raise OperationalError(f"cannot read {self.folder / RECORDS}: {error}") from error


def all_of(root: Path) -> list[StoredVersion]:
    """Return the versions under *root* (``output/<spider>``), oldest first."""
    names = (path.name for path in root.glob("*T*Z*") if path.is_dir() and is_name(path.name))
    return [StoredVersion(root / name) for name in sorted(names, key=age)]


def is_name(text: str) -> bool:
    """Tell whether *text* is the name of a version."""
    return _NAME.fullmatch(text) is not None


def before(
    root: Path, version: str, *, like: dict[str, Any] | None = None, usable: bool = True
) -> StoredVersion | None:
    """Return the newest version under *root* that is older than the one called *version*, and *usable* if so asked.

    With *like*, a summary, only one that collected the same: from the same site, with the same arguments. What was not
    asked for has not vanished.
    """
    older = (stored for stored in reversed(all_of(root)) if age(stored.name) < age(version))
    wanted = (stored for stored in older if (stored.usable if usable else stored.readable))
    return next((stored for stored in wanted if not like or alike(stored.summary, like)), None)


def run_before(root: Path, summary: dict[str, Any]) -> dict[str, Any] | None:
    """Return the summary of the run before that of this *summary* that was asked the same, whatever became of it."""
    older = before(root, summary["version"], like=summary, usable=False)
    return older.summary if older else None


def scope(summary: dict[str, Any]) -> tuple[Any, Any]:
    """Return what the run of this *summary* was asked to collect, and from where."""
    return summary.get("site"), summary.get("arguments")


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether the runs of two summaries collected the same: of a page, where it is known, also its generation."""
    generations = {one.get("generation"), other.get("generation")} - {None}
    return scope(one) == scope(other) and len(generations) <= 1


def find(output: Path, text: str) -> StoredVersion:
    """Return the version that *text* names in the folder *output*.

    It is a version's name, ``latest`` or ``previous`` (the usable one before the latest), after ``<spider>/`` where
    several spiders have versions; or the folder of a version.

    Raises:
        UnknownVersionError: it names none, or not one only.
    """
    if (Path(text) / SUMMARY).is_file():
        return StoredVersion(Path(text).resolve())
    spider, _, name = text.rpartition("/")
    roots = [output / spider] if spider else sorted(path for path in output.glob("*") if path.is_dir())
    found = [stored for root in roots if (stored := _named(root, name))]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{stored.spider}/{name}" for stored in found)
        raise UnknownVersionError(f"{text!r} may be any of {choices}; name one")
    raise UnknownVersionError(f"no version is called {text!r}; {_choices(roots, spider)}")


def _named(root: Path, name: str) -> StoredVersion | None:
    if name == PREVIOUS:
        latest = _named(root, LATEST)
        return before(root, latest.name) if latest else None
    if name == LATEST or is_name(name):
        folder = (root / name).resolve()
        return StoredVersion(folder) if folder.is_dir() else None
    return None


def _choices(roots: list[Path], spider: str) -> str:
    newest = [f"{stored.spider}/{stored.name}" for stored in _newest(roots)]
    if newest:
        return f"the newest are: {', '.join(newest)}"
    none = f"there are none of {spider!r}" if spider else "there are none yet"
    return f"{none}; scrapy crawl makes one, scrapy versions lists those of all spiders"


def _newest(roots: list[Path], number: int = 3) -> Iterator[StoredVersion]:
    for root in roots:
        yield from reversed(all_of(root)[-number:])
