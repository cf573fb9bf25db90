"""All jobs of a node at a glance: Scrapyd's word on where each is, and each one's own on what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from inferencemax_spider.jobs import report
from inferencemax_spider.jobs.nodes import Node

DIED = "died"
"""The result of a job that ended without saying how: it was killed, or could not be started."""


@dataclass(frozen=True, slots=True)
class Row:
    """A job of a node.

    ``state`` is pending, running or finished. ``result``, of a finished one, is complete, incomplete, failed, cancelled
    or died. What is not known (yet) is ``None``; ``seconds`` is how long the run took, ``log`` the URL of its log.
    """

    node: str
    job: str
    spider: str
    state: str
    result: str | None = None
    exit_status: int | None = None
    done: int | None = None
    planned: int | None = None
    records: int | None = None
    started_at: str | None = None
    seconds: float | None = None
    version: str | None = None
    folder: str | None = None
    findings: tuple[str, ...] = ()
    log: str | None = None


def rows(node: Node, project: str, last: int) -> Iterator[Row]:
    """Yield the jobs of *node*: those that are pending, those that run, and the *last* finished ones, newest first.

    Raises:
        OperationalError: the node cannot be reached.
    """
    jobs = node.jobs(project)
    yield from (Row(node.url, str(job["id"]), str(job["spider"]), "pending") for job in jobs["pending"])
    yield from (_row(node, project, "running", job) for job in jobs["running"])
    yield from (_row(node, project, "finished", job) for job in islice(jobs["finished"], last))


def find(node: Node, project: str, job: str) -> str | None:
    """Return the state of the *job* on *node*, ``None`` if it has no such job."""
    states = (state for state, jobs in node.jobs(project).items() if any(entry["id"] == job for entry in jobs))
    return next(states, None)


def _row(node: Node, project: str, state: str, job: Mapping[str, Any]) -> Row:
    where = "/logs/" + "/".join(quote(str(part), safe="") for part in (project, job["spider"], job["id"]))
    told = node.document(f"{where}.json") or {}
    ended = state == "finished"
    return Row(
        node=node.url,
        job=str(job["id"]),
        spider=str(job["spider"]),
        state=state,
        result=_result(told) if ended else None,
        findings=_lines(told.get("findings")) if ended else (),
        log=f"{node.url}{where}.log",
        **{name: value for name, kind in KNOWN.items() if isinstance(value := told.get(name), kind)},
    )


KNOWN: dict[str, Any] = {
    **dict.fromkeys(("done", "planned", "records", "exit_status"), int),
    **dict.fromkeys(("started_at", "version", "folder"), str),
    "seconds": int | float,
}
"""What a row takes from the report as it is, if it is of this kind: a report may be of any version of this project."""


def _result(told: Mapping[str, Any]) -> str:
    status = told.get("status", report.RUNNING)
    return DIED if status == report.RUNNING else str(status)


def _lines(findings: object) -> tuple[str, ...]:
    return tuple(map(str, findings)) if isinstance(findings, list) else ()
