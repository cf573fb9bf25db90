"""Where the service finds versions and their files: the one place that knows how they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeVar

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.serve.asked import Asked, asking
from inferencemax_spider.serve.problems import GoneError, ProblemError
from inferencemax_spider.storage import place
from inferencemax_spider.storage.objects import DamagedError, StorageError
from inferencemax_spider.versions import overview, store
from inferencemax_spider.versions.stored import PREVIOUS, RECORDS, SUMMARY, StoredVersion, all_of, before, is_name

NAMES_TOLD = 10
"""How many versions are named to whoever asks for one that is not there."""
ATTEMPTS = 10
"""How often a name is followed that leads, each time, to a version that is removed right then."""
ALIASES = frozenset({store.LATEST, PREVIOUS})
"""Names that lead to another version tomorrow."""


class Source:
    """The store in the folder *output*, as it is at each moment: nothing is remembered between two questions.

    Of an object store, whose mirror *output* is, *refresh* makes it what the store has; that is done every few seconds.
    """

    def __init__(self, output: Path, refresh: Callable[[], object] | None = None) -> None:
        self.output = output.resolve()
        self._asked = Asked(refresh)

    def spiders(self) -> list[str]:
        """Return the spiders that have versions.

        Raises:
            ProblemError: the object store does not answer.
        """
        self._asked.refresh()
        # What `latest` leads to is there at every moment; a list of versions is of one that has passed.
        folders = (path for path in self.output.glob("*") if (path / store.LATEST).is_dir() or all_of(path))
        return sorted(path.name for path in folders)

    def versions(self, spider: str) -> list[StoredVersion]:
        """Return the versions of *spider*, oldest first.

        Raises:
            ProblemError: there are none.
            GoneError: all that were there a moment ago are gone.
        """
        if versions := all_of(self._root(spider)):
            return versions
        raise GoneError(f"the versions of {spider} were removed while they were being listed")

    def _root(self, spider: str) -> Path:
        """Return the folder of the versions of *spider*."""
        # The name comes from a URL: it is looked up, and never becomes a path by itself.
        if spider not in (known := self.spiders()):
            raise ProblemError(404, f"no spider {spider!r} has versions; there are: {', '.join(known) or 'none yet'}")
        return self.output / spider

    def latest(self, spider: str) -> str | None:
        """Return the name of the version that ``latest`` leads to."""
        return store.latest(self.output / spider)

    def rows(self, spider: str) -> list[overview.Row]:
        """Return what is to be said of each version of *spider*, oldest first.

        Raises:
            ProblemError: there are none.
            GoneError: one was removed meanwhile, or its raw files were compressed.
        """
        versions, latest, found = self.versions(spider), self.latest(spider), []
        listing = self._asked.listing(self.output / spider)
        for version in versions:
            try:
                found.append(overview.row(version, latest, listing))
            except FileNotFoundError as error:
                raise _gone(version) from error
            if not version.folder.is_dir():
                raise _gone(version)
        return found

    def find(self, spider: str, name: str) -> StoredVersion:
        """Return the version of *spider* that is called *name*, or that ``latest`` or ``previous`` lead to.

        Raises:
            ProblemError: there is none.
            GoneError: it was there a moment ago.
        """
        root = self._root(spider)
        wanted = _followed(root, name)
        # Not looked for in a list: where versions come and go, a list is of a moment that has passed.
        if wanted and is_name(wanted) and (root / wanted).is_dir():
            return StoredVersion(root / wanted)
        if name in ALIASES and wanted:
            raise GoneError(f"version {wanted} of {spider}, its {name}, has just been removed")
        versions = all_of(root)
        newest = ", ".join(version.name for version in reversed(versions[-NAMES_TOLD:])) or "none"
        raise ProblemError(404, f"{spider} has no version {name!r}; the newest of {len(versions)} are: {newest}")

    def digest(self, version: StoredVersion) -> str:
        """Return what changes whenever the files of *version* do: the digest of its summary, which has theirs."""
        with reading(version):
            return sha256((version.folder / SUMMARY).read_bytes()).hexdigest()

    def records(self, version: StoredVersion) -> Path:
        """Return the Parquet file with the records of *version*.

        Raises:
            ProblemError: it has none, as that of a failed run.
        """
        with reading(version):
            path = version.folder / RECORDS
            if RECORDS in version.summary.get("files", ()):
                path = place.there(version.folder, RECORDS)
        if path.is_file():
            return path
        if version.folder.is_dir():
            raise ProblemError(404, f"version {version.name} has no records; its summary says what became of the run")
        raise _gone(version)

    def opened(self, version: StoredVersion, name: str) -> BinaryIO:
        """Open the file of *version* that is called *name*: what is open can be read to its end, come what may.

        Raises:
            ProblemError: the summary lists no such file next to itself.
        """
        with reading(version):
            files = [file for file in version.summary["files"] if "/" not in file]
            if name not in files:
                raise ProblemError(404, f"version {version.name} has no file {name!r}; there are: {', '.join(files)}")
            return place.there(version.folder, name).open("rb")


def _followed(root: Path, name: str) -> str | None:
    """Return the name of the version under *root* that *name* leads to."""
    if name not in ALIASES:
        return name
    latest = store.latest(root)
    if name == store.LATEST or not latest:
        return latest
    older = before(root, latest)
    return older.name if older else None


T = TypeVar("T")


def followed(work: Callable[[], T]) -> T:
    """Return what *work* gives; where what it reads goes away meanwhile, from what is there instead.

    Raises:
        GoneError: it went away each time.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(GoneError):
            return work()
    return work()


@contextmanager
def reading(version: StoredVersion) -> Iterator[None]:
    """Tell what a failure to read *version* means: it was removed meanwhile, cannot be fetched now, or is broken."""
    try:
        yield
    except (OSError, OperationalError, KeyError, TypeError, ValueError) as error:
        if not version.folder.is_dir():
            raise _gone(version) from error
        if isinstance(error, StorageError) and not isinstance(error, DamagedError):
            with asking():
                raise
        raise ProblemError(500, f"version {version.name} cannot be read; see scrapy versions verify") from error


def _gone(version: StoredVersion) -> GoneError:
    return GoneError(f"version {version.name} of {version.spider} was removed or changed while it was being read")
