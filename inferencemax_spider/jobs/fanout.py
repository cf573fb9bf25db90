"""One order divided among jobs, a shard for each; where each goes, and which is to be repeated.

The ids of all its jobs follow from the order and the number of shards, those of repetitions too: whoever gives the same
order finds them again, on the nodes and in the summaries of the versions that they made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs.nodes import Node
from inferencemax_spider.jobs.order import Order
from inferencemax_spider.jobs.overview import Row
from inferencemax_spider.shards import Shard

MOST_SHARDS = 1000
"""Parts of a plan at most."""
REPEATED = 9
"""How often a shard is repeated in a slot at most."""
LOST = "lost"
"""The result of a job of which nothing is heard any more."""
USABLE = frozenset({"complete", "incomplete"})
"""Results of jobs that have left a version with data."""


@dataclass(frozen=True)
class Fanout:
    """An *order*, which names no shard, for so many shards."""

    order: Order
    of: int

    def __post_init__(self) -> None:
        if taken := self.order.arguments.keys() & {"shard", "replay"}:
            raise ArgumentError(f"-a {min(taken)} goes with scrapy crawl; here each job is given its shard")

    @property
    def shards(self) -> list[Shard]:
        """All shards."""
        return [Shard(number, self.of) for number in range(1, self.of + 1)]

    def part(self, shard: Shard, again: int = 0) -> Order:
        """Return the order of a *shard*, repeated *again* so often."""
        return replace(self.order, arguments={**self.order.arguments, "shard": str(shard)}, again=again)

    def jobs(self) -> dict[str, Order]:
        """Return the orders of all jobs that there may be of it, by their ids."""
        orders = (self.part(shard, again) for shard in self.shards for again in range(REPEATED + 1))
        return {order.id: order for order in orders}


@dataclass
class Task:
    """A job of a *shard* on a *node*.

    ``row`` is what was said of it last, ``heard`` when (on the monotonic clock); ``lost`` says why nothing more is
    waited for.
    """

    shard: Shard
    order: Order
    node: Node
    row: Row | None = None
    lost: str = ""
    heard: float = field(default_factory=monotonic)

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come of it."""
        return bool(self.lost) or (self.row is not None and self.row.state == "finished")

    @property
    def result(self) -> str:
        """What became of it; empty while it has not ended."""
        return LOST if self.lost else (self.row.result if self.row else None) or ""


def spread(orders: Sequence[Order], among: Sequence[Node]) -> list[Task]:
    """Return a task for each of the *orders*, one node after the other: always the same for the same nodes."""
    ordered = sorted(among, key=lambda node: node.url)
    first = ordered.index(orders[0].place(ordered)) if orders else 0
    return [
        Task(Shard.parse(order.arguments["shard"]), order, ordered[(first + number) % len(ordered)])
        for number, order in enumerate(orders)
    ]


def post(tasks: Sequence[Task], project: str) -> Iterator[Task]:
    """Schedule the *tasks*, but for those that go on already; yield each when that is done.

    Those of a node that does not take one are lost.
    """
    refused: dict[Node, str] = {}
    for task in tasks:
        if task.row is None:
            task.lost = refused.get(task.node) or _refusal(task, project)
            refused[task.node] = task.lost
        task.heard = monotonic()
        yield task


def _refusal(task: Task, project: str) -> str:
    """Schedule the *task*; return why that could not be done, nothing if it was."""
    try:
        task.node.schedule(project, task.order)
    except OperationalError as error:
        return str(error)
    return ""


def to_repair(fanout: Fanout, lacking: Sequence[Shard], there: Mapping[str, Row], living: Sequence[Node]) -> list[Task]:
    """Return a task for each of the *lacking* shards: the job that goes on already, or one that is to be posted.

    *there* are the jobs of the *living* nodes by their ids.

    Raises:
        ArgumentError: a shard was repeated as often as may be.
    """
    going, orders = [], []
    for shard in lacking:
        tries = [again for again in range(REPEATED + 1) if fanout.part(shard, again).id in there]
        last = fanout.part(shard, tries[-1]) if tries else None
        row = there[last.id] if last else None
        if last and row and row.state != "finished":
            going.append(Task(shard, last, next(node for node in living if node.url == row.node), row))
        elif last and last.again == REPEATED:
            slot = fanout.order.slot
            raise ArgumentError(f"shard {shard} was repeated {REPEATED} times in slot {slot}; begin another slot")
        else:
            orders.append(fanout.part(shard, last.again + 1 if last else 1))
    return [*going, *spread(orders, living)]
