"""What a version consists of on an object store: the names of its files, their digests, and what a listing says."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from inferencemax_spider import envelope
from inferencemax_spider.storage.objects import Entry


@dataclass
class Listing:
    """What the store has of each version, by name: its objects, as far as the store lists them."""

    versions: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def size(self, version: str) -> int:
        """Return how many bytes the *version* has."""
        return sum(entry.size for entry in self.versions.get(version, {}).values())

    def pending(self, version: str) -> list[str]:
        """Return the names of the raw files of the *version* that are not compressed."""
        return sorted(name for name in self.versions.get(version, {}) if is_raw(name) and name.endswith(".json"))

    def compressed(self, version: str) -> bool:
        """Tell whether the *version* has raw files and all of them are compressed."""
        return any(map(is_raw, self.versions.get(version, {}))) and not self.pending(version)


def is_raw(name: str) -> bool:
    """Tell whether *name* is that of a raw file."""
    return name.startswith("raw/")


def forms(name: str) -> tuple[str, ...]:
    """Return what may stand behind the *name* of a file on the store: a raw file may be compressed there."""
    return ("", envelope.GZIP) if is_raw(name) else ("",)


def is_safe(name: str) -> bool:
    """Tell whether *name* is that of a file of a version, within its folder."""
    return not any(part in ("", ".", "..") or part.startswith(".") for part in name.split("/")) and "\0" not in name


def files_in(summary: bytes) -> dict[str, Any]:
    """Return what the *summary* says of its files; nothing where it cannot be read."""
    try:
        files = json.loads(summary)["files"]
        return {name: entry for name, entry in files.items() if is_safe(name) and isinstance(entry, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def digest_of(path: Path, *, packed: bool) -> str:
    """Return the SHA-256 of the file at *path*, or of what is in it if it is *packed*."""
    if packed:
        return sha256(envelope.expanded(path)).hexdigest()
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def holds(path: Path, data: bytes) -> bool:
    """Tell whether there is a file at *path* with this *data*."""
    return path.is_file() and path.read_bytes() == data


def put(path: Path, data: bytes) -> None:
    """Put a file with this *data* at *path*, in place of the one that is there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)
