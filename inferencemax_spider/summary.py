"""The run's manifest, ``summary.json``: everything that a reader needs in order to trust the files next to it."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from inferencemax_spider import __version__
from inferencemax_spider.catalog import DATA_TYPES
from inferencemax_spider.extensions.ledger import Outcome
from inferencemax_spider.items import STATES
from inferencemax_spider.pipelines.hwkeys import ALWAYS_COUNTED
from inferencemax_spider.shards import Shard
from inferencemax_spider.spiders.base import EndpointSpider

RunStatus = Literal["complete", "incomplete", "failed", "cancelled"]
EXIT_STATUS: dict[RunStatus, int] = {"complete": 0, "incomplete": 3, "failed": 1, "cancelled": 130}
"""Exit status of ``scrapy crawl`` by the status of the run; wrong usage, which starts no run, is 2."""

FILE_NAME = "summary.json"
SOFTWARE = ("scrapy", "twisted", "pydantic", "pyarrow", "pandas")


def status_of(
    outcomes: Sequence[Outcome], reason: str, errors: Mapping[str, str], *, passed: bool, idle: bool = False
) -> RunStatus:
    """Return what became of the run as a whole.

    *passed* tells whether no check found anything that counts; *idle*, whether there was nothing to collect for it, as
    for a shard of a small plan.
    """
    if reason == "shutdown":
        return "cancelled"
    if errors or not (idle or any(outcome.usable for outcome in outcomes)):
        return "failed"
    return "complete" if passed else "incomplete"


def site(outcomes: Sequence[Outcome]) -> str | None:
    """Return the host that the data comes from; of a replayed run, the one that was asked then."""
    hosts = (urlsplit(outcome.endpoint.url).hostname for outcome in outcomes)
    return next(hosts, None)


def shard(spider: EndpointSpider) -> dict[str, Any] | None:
    """Return which part of the plan the run was, and the whole plan; ``None`` where it was all of it."""
    part: Shard | None = spider.arguments.shard
    if part is None:
        return None
    names = ("index", "dataset", "model", "sequence", "data_type", "url", "file_name")
    plan = [{name: getattr(endpoint, name) for name in names} for endpoint in spider.whole_plan]
    return {"number": part.number, "of": part.of, "plan": plan}


def idle(spider: EndpointSpider, outcomes: Sequence[Outcome]) -> bool:
    """Tell whether the run was a shard for which the plan had nothing, or nothing but what may be empty, and was."""
    shared = {endpoint.index for endpoint in spider.whole_plan}
    mine = (outcome for outcome in outcomes if outcome.endpoint.index in shared)
    as_accepted = all(outcome.state in outcome.endpoint.accepted for outcome in mine)
    return spider.arguments.shard is not None and bool(shared) and as_accepted


def endpoints(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many endpoints were planned, and how many ended in each state."""
    states = Counter(outcome.state for outcome in outcomes)
    return {"planned": len(outcomes), **{state: states[state] for state in STATES}}


def hwkeys(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the counts of hwKeys in the run and in each model; ``b200_trt`` is there even when it is not."""
    total: Counter[str] = Counter({ALWAYS_COUNTED: 0})
    models: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        if not outcome.endpoint.model:
            continue
        total.update(outcome.hwkeys)
        models.setdefault(outcome.endpoint.model, Counter({ALWAYS_COUNTED: 0})).update(outcome.hwkeys)
    return {"run": _sorted(total), "models": {model: _sorted(counts) for model, counts in models.items()}}


def coverage(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the expected-versus-seen matrix: a row per endpoint, with what it should and what it did hold."""
    return [
        {
            "model": outcome.endpoint.model,
            "sequence": outcome.endpoint.sequence,
            "data_type": outcome.endpoint.data_type,
            "state": outcome.state,
            "expected_hwkeys": list(outcome.endpoint.expected_hwkeys),
            "missing_hwkeys": [key for key in outcome.endpoint.expected_hwkeys if not outcome.hwkeys[key]],
            "seen_hwkeys": dict(outcome.hwkeys),
        }
        for outcome in outcomes
        if outcome.endpoint.model
    ]


def details(outcome: Outcome) -> dict[str, Any]:
    """Return one endpoint's outcome as it stands in the summary."""
    endpoint = outcome.endpoint
    rest = {entry.name: getattr(outcome, entry.name) for entry in fields(outcome) if entry.name != "endpoint"}
    names = ("dataset", "model", "sequence", "data_type", "url", "file_name", "accepted")
    return {name: getattr(endpoint, name) for name in names} | rest


def merge(stats: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the counts of the merged CSV, or ``None`` when it was not written."""
    if "merge/rows" not in stats:
        return None
    unmatched = {side: _by_group(stats, f"merge/only_{side}/") for side in DATA_TYPES}
    only = {f"only_{side}": sum(counts.values()) for side, counts in unmatched.items()}
    return {"rows": stats["merge/rows"], "matched": stats["merge/matched"], **only, "unmatched": unmatched}


def _by_group(stats: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {key.removeprefix(prefix): count for key, count in stats.items() if key.startswith(prefix) and count}


def timings(started_at: datetime, network_seconds: float, stats: Mapping[str, Any]) -> dict[str, Any]:
    """Return when the run was, how long it took (seconds), and how long of that it waited for retries."""
    now = datetime.now(UTC)
    return {
        "started_at": started_at.isoformat(),
        "finished_at": now.isoformat(),
        "seconds": round((now - started_at).total_seconds(), 3),
        "network_seconds": round(network_seconds, 3),
        "requests": stats.get("downloader/request_count", 0),
        "retries": stats.get("retry/count", 0),
        "retry_wait_seconds": stats.get("retry/waited_ms", 0) / 1000,
    }


def software() -> dict[str, str]:
    """Return the versions of what made the files."""
    ours = {"inferencemax-spider": __version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in SOFTWARE}


def files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of every file of the run, by its path in the *folder*; not of the summary itself."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE_NAME)
    with ThreadPoolExecutor() as pool:
        digests = pool.map(digest, paths)
        return {path.relative_to(folder).as_posix(): digest for path, digest in zip(paths, digests, strict=True)}


def build(outcomes: Sequence[Outcome], stats: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the summary says of the data: endpoints, records, hwKeys, coverage, merge."""
    return {
        "endpoints": endpoints(outcomes),
        "records": sum(outcome.records for outcome in outcomes),
        "rejected": sum(outcome.rejected for outcome in outcomes),
        f"{ALWAYS_COUNTED}_count": sum(outcome.hwkeys[ALWAYS_COUNTED] for outcome in outcomes),
        "hwkeys": hwkeys(outcomes),
        "merged": merge(stats),
        "duplicates": [identity for outcome in outcomes for identity in outcome.duplicates],
        "unknown_fields": _sorted(sum((outcome.unknown_fields for outcome in outcomes), Counter())),
        "unpriced_hwkeys": _sorted(sum((outcome.unpriced for outcome in outcomes), Counter())),
        "carried_over": sorted({outcome.replayed_from for outcome in outcomes if outcome.replayed_from}),
        "coverage": coverage(outcomes),
        "endpoint_details": [details(outcome) for outcome in outcomes],
    }


def digest(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of the file at *path*."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": file_digest(file, "sha256").hexdigest()}


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts)}
