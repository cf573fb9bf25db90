"""Follow jobs to their end, over nodes any of which may stop answering."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import overview
from inferencemax_spider.jobs.fanout import Task
from inferencemax_spider.jobs.nodes import Node

PAUSE = 1.0
"""Seconds between two rounds of questions."""
ANSWER_SECONDS = 10.0
"""How long a node that is followed may take for an answer."""


def follow(
    tasks: Sequence[Task], project: str, *, patience: float, longest: float, show: Callable[[], None] = lambda: None
) -> None:
    """Ask for the *tasks* until all have ended, and *show* them after each round.

    One of which nothing was heard for *patience* seconds is lost: its node does not answer, or does not know it. After
    *longest* seconds the others are as well.
    """
    deadline = time.monotonic() + longest
    while waiting := [task for task in tasks if not task.ended]:
        for node in dict.fromkeys(task.node for task in waiting):
            _ask(node, project, [task for task in waiting if task.node == node], patience)
        left = [task for task in waiting if not task.ended]
        if time.monotonic() > deadline:
            for task in left:
                task.lost = f"it had not ended after {longest / 3600:g} hours, and may go on"
        show()
        if left:
            time.sleep(PAUSE)


def _ask(node: Node, project: str, tasks: Sequence[Task], patience: float) -> None:
    """Note what *node* says of the *tasks* that it runs."""
    problem = f"{node.url} does not know it any more"
    rows: dict[str, overview.Row] = {}
    try:
        patient = replace(node, seconds=min(node.seconds, ANSWER_SECONDS))
        rows = overview.these(patient, project, {task.order.id for task in tasks})
    except OperationalError as error:
        problem = str(error)
    now = time.monotonic()
    for task in tasks:
        if row := rows.get(task.order.id):
            task.row, task.heard = row, now
        elif now - task.heard > patience:
            task.lost = problem
