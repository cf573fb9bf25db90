"""All jobs of a node at a glance: Scrapyd's word on where each is, and each one's own on what became of it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    for state, some in {**jobs, "finished": jobs["finished"][:last]}.items():
        yield from (_row(node, project, state, job) for job in some)


def these(node: Node, project: str, wanted: Container[str]) -> dict[str, Row]:
    """Return those jobs of *node* whose ids are *wanted*, by their ids.

    Of several with one id, of which only one has run, it is the one that is not finished.

    Raises:
        OperationalError: the node cannot be reached.
    """
    found = {job["id"]: (state, job) for state, some in reversed(node.jobs(project).items()) for job in some}
    return {name: _row(node, project, *job) for name, job in found.items() if name in wanted}


def find(node: Node, project: str, job: str) -> str | None:
    """Return the state of the *job* on *node*, ``None`` if it has no such job."""
    states = (state for state, jobs in node.jobs(project).items() if any(entry["id"] == job for entry in jobs))
    return next(states, None)


def _row(node: Node, project: str, state: str, job: Mapping[str, Any]) -> Row:
    if state == "pending":
        return Row(node.url, str(job["id"]), str(job["spider"]), state)
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


def remarks(row: Row) -> Sequence[str]:
    """Return what is to be said of a job that did not end well."""
    return row.findings or ([f"it ended without a word; its log: {row.log}"] if row.result == DIED else [])
