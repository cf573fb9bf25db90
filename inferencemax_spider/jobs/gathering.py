"""Where the versions are that the jobs of a fanout made: in ``OUTPUT_DIR``, or where their nodes say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import overview
from inferencemax_spider.jobs.fanout import USABLE, Fanout
from inferencemax_spider.jobs.nodes import Node
from inferencemax_spider.jobs.overview import Row
from inferencemax_spider.versions import combine
from inferencemax_spider.versions.stored import StoredVersion

Find = Callable[[str], StoredVersion]
"""Return the version in a folder, or at a URL."""


def ask(among: Sequence[Node], project: str, fanout: Fanout) -> tuple[dict[Node, dict[str, Row]], list[str]]:
    """Return what each node says of the jobs of *fanout*; and of those that cannot be reached, why."""
    answers, problems, jobs = {}, [], fanout.jobs()
    for node in among:
        try:
            answers[node] = overview.these(node, project, jobs)
        except OperationalError as error:
            problems.append(str(error))
    return answers, problems


def merged(answers: Mapping[Node, Mapping[str, Row]]) -> dict[str, Row]:
    """Return the jobs of all nodes by their ids; one that several have is that which goes on, else that with data."""
    rows = [row for some in answers.values() for row in some.values()]
    rows.sort(key=lambda row: (row.state != "finished", row.result in USABLE))
    return {row.job: row for row in rows}


def versions(
    output: Path, find: Find, fanout: Fanout, rows: Iterable[Row], named: Iterable[StoredVersion] = ()
) -> list[StoredVersion]:
    """Return the *named* versions, and those that jobs of *fanout* made.

    These are found in the folder *output*, or where the *rows* of jobs say: a folder, or a URL, that *find* follows.

    Raises:
        OperationalError: a version is out of reach from here.
    """
    stored = combine.of_jobs(output, fanout.order.spider, fanout.of, fanout.jobs())
    found = {version.folder.resolve(): version for version in (*named, *stored)}
    jobs = {version.summary.get("job") for version in found.values()}
    left = [row for row in rows if row.result in USABLE and row.job not in jobs]
    here = {row.job: version for row in left if (version := _here(row, find))}
    if elsewhere := [f"{row.folder} of {row.node}" for row in left if row.job not in here]:
        remedy = "have all nodes write into a shared OUTPUT_DIR, or copy them here and name their folders"
        raise OperationalError(f"out of reach from here: {', '.join(elsewhere)}; {remedy}")
    return [*found.values(), *here.values()]


def _here(row: Row, find: Find) -> StoredVersion | None:
    """Return the version that a job's *row* names, if it can be read here and is not another machine's namesake."""
    try:
        version = find(row.folder or "")
    except (OperationalError, ArgumentError):
        return None
    return version if version.usable and version.summary.get("job") == row.job else None
