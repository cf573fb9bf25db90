"""How a version comes to stand in the store: whole or not at all.

A run writes into a hidden folder ``.<version>.partial`` next to the versions. Publishing flushes its files to disk and
renames it; then ``latest`` is swapped. A reader never sees half a version, and a run that ends badly leaves what it
has collected in its hidden folder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

LATEST = "latest"
_PARTIAL = ".{}.partial"


def claim(root: Path, now: datetime) -> tuple[str, Path]:
    """Create the working folder of a new version under *root*; return the version's name and the folder.

    The name is the time in UTC, ``20251025T010007Z``, with ``-2``, ``-3`` … when that is taken.

    Raises:
        OSError: the folder could not be created.
    """
    root.mkdir(parents=True, exist_ok=True)
    base, number = f"{now:%Y%m%dT%H%M%SZ}", 1
    while True:
        version = base if number == 1 else f"{base}-{number}"
        partial = root / _PARTIAL.format(version)
        number += 1
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        if (root / version).exists():
            partial.rmdir()
            continue
        return version, partial


def lock(folder: Path) -> int | None:
    """Lock *folder* for the life of this process; return the descriptor to close.

    ``None`` if another process has it, or has just published it.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def unfinished(root: Path) -> list[Path]:
    """Return the working folders under *root* that hold raw files and that no living run has, oldest first."""
    found = []
    for folder in sorted(root.glob(_PARTIAL.format("*"))):
        if (descriptor := lock(folder)) is not None:
            os.close(descriptor)
            with suppress(FileNotFoundError):  # its run has just published it
                if any((folder / "raw").iterdir()):
                    found.append(folder)
    return found


def publish(partial: Path, version: str) -> Path:
    """Make the working folder *partial* the version of that name; return its new place.

    Raises:
        OSError: its files could not be flushed, or it could not be renamed.
    """
    for folder, _, names in os.walk(partial):
        for name in names:
            _flush(Path(folder, name))
        _flush(Path(folder))
    final = partial.with_name(version)
    partial.rename(final)
    _flush(final.parent)
    return final


def point_latest(version: Path) -> bool:
    """Make ``latest`` lead to *version*, unless it leads to a newer one already; return whether it was moved."""
    root, link = version.parent, version.parent / LATEST
    with _exclusive(root):
        if link.is_symlink() and age(link.readlink().name) > age(version.name):
            return False
        temporary = root / f".{LATEST}.{version.name}"
        temporary.symlink_to(version.name)
        temporary.replace(link)
        _flush(root)
    return True


def age(version: str) -> tuple[str, int]:
    """Return what versions are ordered by: their time, then their number among those of one second."""
    time, _, number = version.partition("-")
    return time, int(number or 1)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of *folder*, waiting for whoever has it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
