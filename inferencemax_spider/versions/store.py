"""How a version comes to stand in the store: whole or not at all.

A run writes into a hidden folder ``.<version>.partial`` next to the versions. Publishing flushes its files to disk and
renames it; then ``latest`` is swapped. A reader never sees half a version, and a run that ends badly leaves what it
has collected in its hidden folder.

A version leaves the store in the opposite order: it is renamed to a hidden ``.<version>.pruned``, then deleted. Who
works on a version that is published holds the lock of its folder; who decides what becomes of versions, that of the
folder around them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

LATEST = "latest"
_PARTIAL = ".{}.partial"
_PRUNED = ".{}.pruned"
_REBUILD = ".{}.rebuild"


def claim(root: Path, now: datetime, *, taken: Callable[[str], bool] = lambda _: False) -> tuple[str, Path]:
    """Create the working folder of a new version under *root*; return the version's name and the folder.

    The name is the time in UTC, ``20251025T010007Z``, with ``-2``, ``-3`` … when that is there, or *taken* elsewhere.

    Raises:
        OSError: the folder could not be created.
    """
    root.mkdir(parents=True, exist_ok=True)
    base, number = f"{now:%Y%m%dT%H%M%SZ}", 1
    while True:
        version = base if number == 1 else f"{base}-{number}"
        partial = working_folder(root, version)
        number += 1
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        free = False
        try:
            free = not (root / version).exists() and not taken(version)
        finally:
            if not free:
                partial.rmdir()
        if free:
            return version, partial


def working_folder(root: Path, version: str) -> Path:
    """Return the hidden folder under *root* in which the run works that is to be the *version*."""
    return root / _PARTIAL.format(version)


def lock(folder: Path) -> int | None:
    """Lock *folder* for the life of this process; return the descriptor to close.

    ``None`` if another process has it, or has just renamed or removed it.
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
    if not _leads_to(folder, descriptor):
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of *folder* if it is to be had; give whether it is."""
    descriptor = lock(folder)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _leads_to(folder: Path, descriptor: int) -> bool:
    """Tell whether the folder that was opened as *descriptor* still stands at *folder*."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


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
    _flush_all(partial)
    final = partial.with_name(version)
    partial.rename(final)
    flush(final.parent)
    return final


def install(folder: Path, version: Path, obsolete: Collection[str], last: str) -> None:
    """Move the files of *folder* into *version*, each in place of the one that is there; the one named *last* last.

    Before that one, those files of *version* go whose names are *obsolete*.

    Raises:
        OSError: the files could not be flushed or moved; those of *version* are whole, each the old or the new one.
    """
    _flush_all(folder)
    *others, final = sorted(names(folder), key=lambda name: name == last)
    for name in others:
        _move(folder, version, name)
    for name in names(version):
        if name in obsolete:
            (version / name).unlink()
    _move(folder, version, final)


def names(folder: Path) -> list[str]:
    """Return the names of all files in *folder*, at any depth."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _move(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    (source / name).replace(target / name)
    flush((target / name).parent)


def point_latest(version: Path) -> bool:
    """Make ``latest`` lead to *version*, unless it leads to a newer one already; return whether it was moved.

    A version that was pruned meanwhile is not led to.
    """
    root = version.parent
    with exclusive(root):
        current = latest(root)
        if (current and age(current) > age(version.name)) or not version.is_dir():
            return False
        lead(root, version.name)
    return True


def lead(root: Path, version: str) -> None:
    """Make ``latest`` under *root* lead to the *version*, whatever it led to. The caller holds the lock of *root*."""
    temporary = root / f".{LATEST}.{version}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version)
    temporary.replace(root / LATEST)
    flush(root)


def latest(root: Path) -> str | None:
    """Return the name of the version that ``latest`` leads to."""
    link = root / LATEST
    return link.readlink().name if link.is_symlink() else None


def discard(folder: Path) -> Path:
    """Take *folder* out of the store: rename it to a hidden name, from which nothing comes back; return that.

    Raises:
        OSError: it could not be renamed; it stays as it is.
    """
    hidden = pruned_folder(folder.parent, folder.name.strip("."))
    folder.rename(hidden)
    flush(folder.parent)
    return hidden


def pruned_folder(root: Path, version: str) -> Path:
    """Return the hidden folder under *root* that the *version* becomes when it leaves the store."""
    return root / _PRUNED.format(version)


def leftovers(root: Path) -> list[Path]:
    """Return the hidden folders under *root* that nobody will ask for: those discarded, and those of rebuilds."""
    return sorted(folder for name in (_PRUNED, _REBUILD) for folder in root.glob(name.format("*")))


def rebuild_folder(version: Path) -> Path:
    """Return the hidden folder in which the outputs of *version* are made again."""
    return version.with_name(_REBUILD.format(version.name))


def age(version: str) -> tuple[str, int]:
    """Return what versions are ordered by: their time, then their number among those of one second."""
    time, _, number = version.partition("-")
    return time, int(number or 1)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of *folder*, waiting for whoever has it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush_all(top: Path) -> None:
    for folder, _, names in os.walk(top):
        for name in names:
            flush(Path(folder, name))
        flush(Path(folder))


def flush(path: Path) -> None:
    """Have the operating system write the file, or the names in the folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
