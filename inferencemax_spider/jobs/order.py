"""What is to be run once: a job before it is one.

Scrapyd takes a job of the same id twice. That the same is not run twice in a slot rests on three things: the id follows
from what is run and from the slot; who schedules looks at all nodes first; and a job that begins claims its report by
its id (:mod:`.report`), so that of two that were posted at the same moment only one runs. The id also says which node
it goes to: two who schedule at once over the same nodes choose the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import TypeVar

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """A spider with its *arguments* and *settings*, as they are typed, to be run once in its *slot*.

    ``again`` is how often it was repeated there, since nothing, or not all, had come of it.
    """

    spider: str
    arguments: Mapping[str, str]
    settings: Mapping[str, str]
    slot: str
    again: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", self.slot):
            raise ArgumentError(f"slot {self.slot!r} is not of 1 to 64 letters, digits, and . _ -")

    @cached_property
    def id(self) -> str:
        """The id of its job, which is the same for the same order."""
        what: list[object] = [self.spider, sorted(self.arguments.items()), sorted(self.settings.items()), self.slot]
        what += [self.again] if self.again else []
        return f"{self.spider}-{self.slot}-{sha256(json.dumps(what).encode()).hexdigest()[:10]}"

    def place(self, among: Sequence[T]) -> T:
        """Return which one *among* the nodes runs it: always the same, and each as often as any other."""
        return among[int(sha256(self.id.encode()).hexdigest(), 16) % len(among)]


def today() -> str:
    """Return the slot of who names none: the day in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def slot_of(job: str | None, spider: str) -> str | None:
    """Return the slot that stands in the id of a *job* of *spider*, ``None`` if it is no such id.

    >>> slot_of("inferencex-2026-11-24-0a1b2c3d4e", "inferencex")
    '2026-11-24'
    """
    match = re.fullmatch(rf"{re.escape(spider)}-(.+)-[0-9a-f]{{10}}", job or "")
    return match[1] if match else None


def loaded(settings: Settings, spider: str) -> type[Spider]:
    """Return the class of the *spider* of that name.

    Raises:
        ArgumentError: there is none; the message names those there are.
    """
    loader = get_spider_loader(settings)
    if spider not in loader.list():
        raise ArgumentError(f"there is no spider {spider!r}; valid: {', '.join(loader.list())}")
    return loader.load(spider)


def check(settings: Settings, spider: str, arguments: Mapping[str, str]) -> None:
    """Check that *spider* is there and takes these *arguments* and *settings*, as it will when it runs.

    Raises:
        ArgumentError: it does not; the message names what is valid.
    """
    crawler = Crawler(loaded(settings, spider), settings)
    crawler.spidercls.from_crawler(crawler, **arguments)


def check_for_node(settings: Settings, spider: str, arguments: Mapping[str, str]) -> None:
    """Check the same of what a node is to run; a folder to replay is there, and so is what it must have installed.

    Raises:
        ArgumentError: as above.
    """
    with suppress(OperationalError):
        check(settings, spider, {name: text for name, text in arguments.items() if name != "replay"})
