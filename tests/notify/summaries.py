"""Summaries of runs, with what a message is made from."""

from __future__ import annotations

from typing import Any


def summary(status: str = "complete", *findings: str, **fields: Any) -> dict[str, Any]:
    """Return the summary of a run of this *status*, in which one check has these *findings*."""
    check = {"name": "endpoints_ok", "status": "fail" if findings else "pass", "severity": "error"}
    return {
        "spider": "inferencex",
        "version": "20261123T010000Z",
        "status": status,
        "endpoints": {"planned": 8, "ok": 8 - len(findings)},
        "records": 1234,
        "rejected": 5,
        "output_errors": {},
        "checks": [{**check, "findings": list(findings)}],
        "changes": {"since": None, "records": None, "groups": [], "groups_omitted": 0},
        **fields,
    }


def changes(changed: int = 0, added: int = 0) -> dict[str, Any]:
    """Return a difference to an earlier version in which so many records *changed* and were *added*."""
    group = {"model": "gpt-oss 120B", "sequence": "1k-8k", "hwKey": "b200_trt", "added": added, "removed": 0}
    shift = {"tpPerGpu_y": {"median": -0.3, "largest": -0.41}}
    counts = {"added": added, "removed": 0, "changed": changed, "updated": 3, "unchanged": 100}
    groups = [{**group, "changed": changed, "metrics": shift}] if changed or added else []
    return {"since": "20261122T010000Z", "records": counts, "groups": groups, "groups_omitted": 0}
