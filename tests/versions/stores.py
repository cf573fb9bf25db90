"""Stores to work on: versions as runs leave them, small."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from inferencemax_spider import envelope
from inferencemax_spider.versions import store

NOW = datetime(2025, 10, 25, 1, 0, 7, tzinfo=UTC)
RAW = ("availability.json", "benchmarks-a.json", "benchmarks-b.json")


def named(day: int) -> str:
    """Return the name of the version of a *day* counted from ``NOW``."""
    return f"{NOW + timedelta(days=day):%Y%m%dT%H%M%SZ}"


def version(root: Path, day: int, status: str = "complete", *, latest: bool = False, size: int = 200) -> Path:
    """Make the version of a *day* at once, with raw files of about *size* bytes; without a *status*, no summary."""
    started = NOW + timedelta(days=day)
    name, partial = store.claim(root, started)
    (partial / "raw").mkdir()
    for number, raw in enumerate(RAW):
        body = json.dumps([f"{name} {raw} {count}" for count in range(number, number + size // 40)]).encode()
        envelope.write(partial / "raw" / raw, {"index": number, "url": f"http://x/{raw}"}, body, "json")
    (partial / "benchmarks.parquet").write_bytes(name.encode() * 10)
    if status:
        (partial / "summary.json").write_text(json.dumps(summary(partial, name, status, started)))
    final = partial.rename(root / name)
    if latest:
        assert store.point_latest(final)
    return final


def summary(folder: Path, name: str, status: str, started: datetime) -> dict[str, Any]:
    """Return the summary of the version in *folder*, as far as the store looks at it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "spider": "inferencex",
        "version": name,
        "status": status,
        "records": 7,
        "hwkeys": {"run": {"b200_trt": 0, "h200": 7}},
        "checks": [{"status": "pass"}, {"status": "fail"}, {"status": "skip"}],
        "timings": {"started_at": started.isoformat()},
        "files": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        },
    }


def names(root: Path) -> list[str]:
    """Return the names of everything under *root*, hidden or not."""
    return sorted(path.name for path in root.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    """Return all that is in the version in *folder*, raw files as they read."""
    raw = {f"raw/{name}": envelope.content(folder / "raw" / name) for name in envelope.names(folder / "raw")}
    others = (path for path in folder.iterdir() if path.is_file())
    return raw | {path.name: path.read_bytes() for path in others}
