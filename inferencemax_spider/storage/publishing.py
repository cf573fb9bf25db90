"""How a version is claimed and published, wherever the output lives: on its object store first, then in the folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from inferencemax_spider.storage import place
from inferencemax_spider.versions import store


def claim(root: Path, now: datetime) -> tuple[str, Path]:
    """Claim a name for a new version under *root*; return it, and the working folder: see :func:`store.claim`.

    Raises:
        OSError: the folder could not be created, or nothing can be written to the object store.
    """
    mirror = place.mirror_of(root)
    return store.claim(root, now, taken=lambda version: mirror is not None and not mirror.claim(version))


def publish(folder: Path, version: str) -> Path:
    """Publish the working *folder* as the *version*; return its new place.

    Raises:
        OSError: it could not be published; the working folder stays.
    """
    if mirror := place.mirror_of(folder.parent):
        mirror.publish(folder, version)
    return store.publish(folder, version)


def point_latest(version: Path) -> bool:
    """Make ``latest`` lead to *version*, a folder, unless it leads to a newer one; return whether it was moved.

    Raises:
        OSError: it could not be moved on the object store.
    """
    mirror = place.mirror_of(version.parent)
    if mirror and not mirror.point_latest(version.name):
        return False
    return store.point_latest(version)


def release(root: Path, version: str) -> None:
    """Give back the name of a *version* under *root* that will not be."""
    if mirror := place.mirror_of(root):
        mirror.release(version)
