"""One metric over all versions of a spider, remembered by version: what is stored under a digest does not change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus

import pyarrow as pa

from inferencemax_spider.serve.problems import GoneError, ProblemError
from inferencemax_spider.serve.source import Source, reading
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

        Raises:
            GoneError: one was removed meanwhile.
        """
        return [(version, self._digest(version)) for version in self.source.versions(spider)]

    def _digest(self, version: StoredVersion) -> str | None:
        try:
            return self.source.digest(version)
        except GoneError:
            raise
        except ProblemError:
            return None

    def collected(self, states: States, wanted: series.Wanted) -> tuple[pa.Table, list[str]]:
        """Return the rows of all versions that brought data, and the names of those that cannot be read.

        Raises:
            GoneError: one was removed meanwhile.
            ProblemError: it takes too long, or one cannot be fetched now.
        """
        tables, passed_over = [series.SCHEMA.empty_table()], []
        until = time.monotonic() + self.seconds
        with self._alone():
            for version, digest in states:
                if time.monotonic() > until:
                    raise self._late()
                try:
                    with reading(version):
                        tables.append(self._of(version, digest, wanted))
                except ProblemError as problem:
                    if problem.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                        raise  # of what is there again in a moment, no history is told without it
                    passed_over.append(version.name)
        return pa.concat_tables(tables), passed_over

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self.seconds):
            raise self._late()
        try:
            yield
        finally:
            self._lock.release()

    def _late(self) -> ProblemError:
        return ProblemError(503, f"the history takes longer than {self.seconds:g} s; ask again, or for less")


def _of(version: StoredVersion, _: str | None, wanted: series.Wanted) -> pa.Table:
    # One that is new reads the summary again: the one that is given has remembered its own.
    stored = StoredVersion(version.folder)
    if stored.summary.get("status") in series.USABLE:
        return series.of_version(stored, wanted)
    return series.SCHEMA.empty_table()
