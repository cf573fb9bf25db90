"""What stays in the store: so many versions, for so long, and older raw files compressed.

Versions with usable data and failed ones are counted apart, so that a site that is broken for a month pushes nothing
good out. Never removed are the version that ``latest`` leads to, the newest usable one and the newest complete one;
one whose summary cannot be read, since nobody knows what it holds; one that somebody works on; and one that is only a
link to another place. The hidden folders of unfinished runs hold what nobody has seen yet: they are named.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import place
from inferencemax_spider.versions import compress, store, stored
from inferencemax_spider.versions.stored import StoredVersion, all_of

if TYPE_CHECKING:
    from inferencemax_spider.storage.mirror import Mirror

KEEP = 30
"""Versions that stay, unless it is said otherwise."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Policy:
    """How many of the usable versions stay (at least one, and as many failed ones), and for how many days."""

    keep: int = KEEP
    max_age_days: int | None = None

    def __post_init__(self) -> None:
        if self.keep < 1 or (self.max_age_days is not None and self.max_age_days < 1):
            raise ValueError("retention keeps at least one version, for at least one day")


@dataclass
class Report:
    """What retention did, or would do: names of versions, folders of unfinished runs, and one line for each error."""

    removed: list[str] = field(default_factory=list)
    compressed: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    full: bool = False
    """Whether the disk had no room for something."""

    def lines(self, *, dry_run: bool = False) -> Iterator[str]:
        """Yield one line for each thing that was done, or that would be done, and for what was left alone."""
        would = "would be " if dry_run else ""
        told = {
            f"{would}removed": self.removed,
            f"raw files {would}compressed": self.compressed,
            f"uploads that were given up, {would}removed": self.abandoned,
            "in use, so left as it is": list(dict.fromkeys(self.in_use)),
            "runs that did not finish (-a replay=FOLDER takes up what one had collected)": self.unfinished,
        }
        yield from (f"{what}: {', '.join(names)}" for what, names in told.items() if names)


def apply(root: Path, policy: Policy, now: datetime, *, with_unfinished: bool = False, dry_run: bool = False) -> Report:
    """Remove the versions under *root* that the *policy* does not keep, and compress the raw files of older ones.

    *with_unfinished* removes the folders of runs that did not finish too; *dry_run* changes nothing. Nothing is raised:
    what could not be done is in the report, and is tried again the next time.
    """
    report = Report()
    mirror = place.mirror_of(root)
    with _reported(report, root), store.exclusive(root):
        # Nobody publishes or prunes now. Only names change here: what takes long is done when others may go on.
        _discard(superseded(all_of(root), store.latest(root), policy, now), report, dry_run=dry_run)
        _discard_unfinished(root, report, remove=with_unfinished and not dry_run)
    if mirror:
        _tidy_up_store(mirror, report, now, dry_run=dry_run)
    if not dry_run:
        _delete(root, report)
    if not mirror:
        _compress(_older(root, report.removed), report, dry_run=dry_run)
    return report


def _tidy_up_store(mirror: Mirror, report: Report, now: datetime, *, dry_run: bool) -> None:
    """Do on the object store what was decided: remove, also what uploads have left that were given up; compress.

    A version that is removed was hidden in the mirror before. Killed in between, it comes back from the store, and is
    decided upon anew.
    """
    with _reported(report, mirror.root):
        removed = [name for name in report.removed if stored.is_name(name)]
        listing = mirror.listing()
        report.abandoned += [name for name in mirror.abandoned(listing, now) if name not in removed]
        if not dry_run:
            for name in removed:
                mirror.remove(name)
            mirror.remove_abandoned(listing, report.abandoned)
        for version in _before_latest(mirror.root, report.removed):
            if pending := listing.pending(version.name):
                _compress_stored(mirror, version, pending, report, dry_run=dry_run)


def _compress_stored(
    mirror: Mirror, version: StoredVersion, names: list[str], report: Report, *, dry_run: bool
) -> None:
    with _reported(report, mirror.root), store.locked(version.folder) as ours:
        if ours and not dry_run:
            mirror.compress(version.name, names)
        (report.compressed if ours else report.in_use).append(version.name)


@contextmanager
def _reported(report: Report, where: Path) -> Iterator[None]:
    """Note an error of working there in the *report*."""
    try:
        yield
    except OSError as error:
        report.errors.append(f"{error.filename or where}: {error.strerror or error}")
        report.full |= error.errno in _FULL


def _discard(versions: list[StoredVersion], report: Report, *, dry_run: bool) -> None:
    for version in versions:
        with store.locked(version.folder) as ours:
            if ours and not dry_run:
                store.discard(version.folder)
            (report.removed if ours else report.in_use).append(version.name)


def _discard_unfinished(root: Path, report: Report, *, remove: bool) -> None:
    for folder in store.unfinished(root):
        if remove:
            store.discard(folder)
            report.removed.append(folder.name)
        else:
            report.unfinished.append(str(folder))


def _delete(root: Path, report: Report) -> None:
    for folder in store.leftovers(root):
        with _reported(report, folder), store.locked(folder) as ours:
            if ours:
                shutil.rmtree(folder)


def _compress(versions: list[StoredVersion], report: Report, *, dry_run: bool) -> None:
    """Compress the raw files of the *versions*, until there is no room for it."""
    for version in versions:
        if report.full:
            return
        with _reported(report, version.folder), store.locked(version.folder) as ours:
            if ours and not dry_run:
                compress.compress(version.raw)
            (report.compressed if ours else report.in_use).append(version.name)


def _older(root: Path, removed: Collection[str]) -> list[StoredVersion]:
    """Return the versions with raw files to compress: those before ``latest``. What is newer may still be in use."""
    return [version for version in _before_latest(root, removed) if compress.pending(version.raw)]


def _before_latest(root: Path, removed: Collection[str]) -> list[StoredVersion]:
    versions = [version for version in all_of(root) if not version.folder.is_symlink() and version.name not in removed]
    leading = store.latest(root) or (versions[-1].name if versions else "")
    return [version for version in versions if store.age(version.name) < store.age(leading)]


def superseded(versions: list[StoredVersion], latest: str | None, policy: Policy, now: datetime) -> list[StoredVersion]:
    """Return those of the *versions*, oldest first, that the *policy* does not keep."""
    states = {version.name: _state(version) for version in versions}
    newest_first = versions[::-1]
    usable = [version for version in newest_first if states[version.name] in {"complete", "incomplete"}]
    failed = [version for version in newest_first if states[version.name] == "failed"]
    complete = [version.name for version in usable if states[version.name] == "complete"]
    last_good = {latest, *(version.name for version in usable[:1]), *complete[:1]}
    kept = [version for version in usable[: policy.keep] if not _too_old(version, policy, now)]
    horizon = store.age(kept[-1].name) if kept else ("", 0)
    kept += [
        version
        for version in failed[: policy.keep]
        if store.age(version.name) > horizon and not _too_old(version, policy, now)
    ]
    staying = last_good | {version.name for version in kept}
    return [version for version in versions if version.name not in staying and version in (*usable, *failed)]


def _state(version: StoredVersion) -> str:
    """Return the status in the summary of *version*; nothing where it is not retention's to judge."""
    try:
        return "" if version.folder.is_symlink() else str(version.summary["status"])
    except (OperationalError, KeyError):
        return ""


def _too_old(version: StoredVersion, policy: Policy, now: datetime) -> bool:
    try:
        started = datetime.strptime(store.age(version.name)[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return policy.max_age_days is not None and now - started > timedelta(days=policy.max_age_days)
