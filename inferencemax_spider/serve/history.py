"""One metric over all versions of a spider, remembered by version: what is stored under a digest does not change."""

from __future__ import annotations

import threading
import time
from functools import lru_cache

import pyarrow as pa

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.serve.problems import GoneError, ProblemError
from inferencemax_spider.serve.source import Source
from inferencemax_spider.versions import series
from inferencemax_spider.versions.stored import StoredVersion

REMEMBERED = 512
States = list[tuple[StoredVersion, str | None]]


class Histories:
    """Histories of the versions of a *source*, each made within so many *seconds*.

    One is made at a time, since a version is read as a whole for it.
    """

    def __init__(self, source: Source, seconds: float) -> None:
        self.source = source
        self.seconds = seconds
        self._lock = threading.Lock()
        self._of = lru_cache(REMEMBERED)(_of)

    def states(self, spider: str) -> States:
        """Return the versions of *spider*, each with the digest of what it holds, or ``None`` if it cannot be read.

        Those that are removed meanwhile are left out.
        """
        found: States = []
        for version in self.source.versions(spider):
            try:
                found.append((version, self.source.digest(version)))
            except GoneError:
                continue
            except ProblemError:
                found.append((version, None))
        return found

    def collected(self, states: States, wanted: series.Wanted) -> tuple[pa.Table, list[str]]:
        """Return the rows of all versions that brought data, and the names of those that cannot be read.

        Raises:
            ProblemError: it takes too long.
        """
        until = time.monotonic() + self.seconds
        tables, passed_over = [series.SCHEMA.empty_table()], []
        if not self._lock.acquire(timeout=self.seconds):
            raise self._late()
        try:
            for version, digest in states:
                if time.monotonic() > until:
                    raise self._late()
                try:
                    tables.append(self._of(version, digest, wanted))
                except OperationalError:
                    if version.folder.is_dir():
                        passed_over.append(version.name)
        finally:
            self._lock.release()
        return pa.concat_tables(tables), passed_over

    def _late(self) -> ProblemError:
        return ProblemError(503, f"the history takes longer than {self.seconds:g} s; ask again, or for less")


def _of(version: StoredVersion, _: str | None, wanted: series.Wanted) -> pa.Table:
    # One that is new reads the summary again: the one that is given has remembered its own.
    return next(iter(series.collect([StoredVersion(version.folder)], wanted, _refuse)), series.SCHEMA.empty_table())


def _refuse(message: str) -> None:
    raise OperationalError(message)
