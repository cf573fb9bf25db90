"""The store at a glance: what is to be said of each version in one row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import place
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import StoredVersion, all_of

if TYPE_CHECKING:
    from inferencemax_spider.storage.parts import Listing


@dataclass(frozen=True, slots=True)
class Row:
    """A version: counts are ``None`` and ``status`` is ``unreadable`` where its summary cannot be read.

    ``checks`` and ``checks_failed`` count what was checked; ``size`` is that of all files, in bytes; ``latest`` tells
    whether ``latest`` leads here, ``compressed`` whether the raw files are.
    """

    spider: str
    version: str
    started_at: str | None
    status: str
    records: int | None
    hwkeys: int | None
    checks: int | None
    checks_failed: int | None
    size: int
    latest: bool
    compressed: bool


def spiders(output: Path) -> list[Path]:
    """Return the folders in *output* that hold versions, or runs that did not finish."""
    folders = sorted(path for path in output.glob("*") if path.is_dir())
    return [
        folder
        for folder in folders
        if all_of(folder) or store.unfinished(folder) or store.leftovers(folder) or place.mirror_of(folder)
    ]


def rows(root: Path) -> Iterator[Row]:
    """Return a row for each version under *root*, oldest first."""
    latest, listing = store.latest(root), listing_of(root)
    return (row(version, latest, listing) for version in all_of(root))


def row(version: StoredVersion, latest: str | None, listing: Listing | None = None) -> Row:
    """Return the row of *version*, where ``latest`` leads to the version of that name.

    *listing* is what an object store has of it, if it is on one.

    Raises:
        FileNotFoundError: files of it went away meanwhile.
    """
    return Row(
        spider=version.spider,
        version=version.name,
        **_summarised(version),
        size=listing.size(version.name) if listing else _size(version.folder),
        latest=version.name == latest,
        compressed=listing.compressed(version.name) if listing else _compressed(version),
    )


def listing_of(root: Path) -> Listing | None:
    """Return what an object store has under *root*, if it is the mirror of one."""
    mirror = place.mirror_of(root)
    return mirror.listing() if mirror else None


def _compressed(version: StoredVersion) -> bool:
    return any(version.raw.glob("*.json.gz")) and not any(version.raw.glob("*.json"))


def _summarised(version: StoredVersion) -> dict[str, Any]:
    """Return what a row takes from the summary, whatever that holds."""
    try:
        summary = version.summary
        checks = [check for check in summary["checks"] if check["status"] != "skip"]
        return {
            "started_at": summary["timings"]["started_at"],
            "status": str(summary["status"]),
            "records": summary["records"],
            "hwkeys": sum(1 for count in summary["hwkeys"]["run"].values() if count),
            "checks": len(checks),
            "checks_failed": sum(check["status"] == "fail" and check.get("severity") != "warning" for check in checks),
        }
    except (OperationalError, KeyError, TypeError, AttributeError):
        names = ("started_at", "records", "hwkeys", "checks", "checks_failed")
        return {"status": "unreadable", **dict.fromkeys(names)}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
