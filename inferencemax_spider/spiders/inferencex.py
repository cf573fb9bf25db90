"""The live API of 2026."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.compute as pc
from scrapy.http import Response
from twisted.python.failure import Failure

from inferencemax_spider import arguments, failures, planning
from inferencemax_spider.arguments import InferencexArguments
from inferencemax_spider.catalog import API_MODELS, DATASETS
from inferencemax_spider.hardware import EDITIONS
from inferencemax_spider.items import Endpoint, EndpointCapture, Parsed
from inferencemax_spider.parsers import api_v1, datasets
from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.discovery import Availability, display_names
from inferencemax_spider.records import Records
from inferencemax_spider.shards import folder_name
from inferencemax_spider.spiders.base import EndpointSpider
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import noted, replan
from inferencemax_spider.versions.previous import Previous

OPENAPI = "/api/openapi.json"
AVAILABILITY = "/api/v1/availability"
FIRST = frozenset({"openapi", "availability"})

T = TypeVar("T")


class InferencexSpider(EndpointSpider):
    """Collect InferenceX from its live API: all models, all sequences, any day.

    Domain
        inferencex.semianalysis.com
    Endpoints
        ``/api/openapi.json`` (display names) and ``/api/v1/availability`` first; then, as these say,
        ``/api/v1/benchmarks?model=…`` or ``/api/v1/benchmarks/history?model=…``
    Spider arguments
        ``models``, ``sequences``, ``mode``, ``date``, ``since``, ``until``, ``only_changed``, ``base_url``, ``sample``,
        ``replay``
    robots.txt
        It closes ``/api/`` to search crawlers. This spider is a client of that API, which the site documents for
        programmatic use; so it does not ask robots.txt by default, says who it is, and stays slow.
        ``-s ROBOTSTXT_OBEY=1`` makes it refuse.
    """

    name = "inferencex"
    layout = api_v1.LATEST
    common = FIRST
    arguments_model = InferencexArguments
    arguments: InferencexArguments
    custom_settings = {  # noqa: RUF012 - Scrapy declares it so
        "ROBOTSTXT_OBEY": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._first: dict[str, bytes] = {}
        self.listed = frozenset(API_MODELS)

    def planned(self) -> Iterator[Endpoint]:
        """Yield what is asked for first; or, of a run that is replayed, everything that it stored."""
        if self.arguments.replay:
            self._recall(self.arguments.replay)
            for endpoint in replan.plan(self.arguments.replay, self.arguments.models):
                yield planning.expecting(self.arguments, endpoint)
            return
        root = self.arguments.base_url
        yield Endpoint(0, f"{root}{OPENAPI}", dataset="openapi", accepted=replan.OPENAPI_STATES)
        yield Endpoint(1, f"{root}{AVAILABILITY}", dataset="availability", stored_as="availability.json")

    def parse(self, response: Response, endpoint: Endpoint) -> Iterator[Any]:
        """Yield the capture of an answer; after the last of the first ones, the requests that follow from them."""
        for capture in super().parse(response, endpoint):
            yield capture
            yield from self._learned(capture)

    def failed(self, failure: Failure) -> Iterator[Any]:
        """Yield the capture of an endpoint from which no answer came, and what follows from that."""
        for capture in super().failed(failure):
            yield capture
            yield from self._learned(capture)

    def _learned(self, capture: EndpointCapture) -> Iterator[Any]:
        """Note what *capture* says of the site; once both first answers are there, yield what they ask for."""
        if capture.endpoint.dataset not in FIRST or self.arguments.replay:
            return
        self._first[capture.endpoint.dataset] = capture.served.body if capture.served and not capture.failure else b""
        if capture.failure and capture.failure.reason == failures.FORBIDDEN:
            self.remarks = ["the site does not want to be asked, so nothing more was"]
        elif len(self._first) == len(FIRST):
            yield from self._next(self._available())

    def _available(self) -> Availability:
        return _read(Availability.read, self._first["availability"]) or Availability()

    def _names(self, available: Availability) -> list[str]:
        """Return the display names that the site lists, and remember them; else the built-in ones."""
        names = _read(display_names, self._first["openapi"]) or _fallback(available)
        self.listed = frozenset(names)
        return names

    def _scope(self, available: Availability) -> planning.Scope:
        """Return what was asked for of what is *available*; note what the site promised of it, and what it lacks."""
        names = self._names(available)
        scope = planning.Scope(self.arguments, names, available)
        # What a shard does not bring, another does: only the whole can be held to the promise.
        whole = self.arguments.shard is None and "benchmarks" in self.arguments.datasets
        self.promised = scope.available.newest if whole else {}
        self.remarks = [f"no model is called {text!r}; valid: {', '.join(names)}" for text in scope.unknown]
        return scope

    def _recall(self, raw: Path) -> None:
        """Note what the site listed when the folder *raw* was stored; and its promise, if the same was asked for."""
        self._first = {name: replan.answer(raw / f"{name}.json") for name in FIRST}
        self._names(self._available())
        if noted.arguments(raw) == arguments.scope(self.arguments):
            self._scope(self._available())

    def _next(self, available: Availability) -> Iterator[Any]:
        """Yield the requests that are needed, or captures carried over where nothing is new."""
        scope = self._scope(available)
        endpoints = planning.plan(scope, self.arguments.base_url, len(self.plan))
        if not endpoints:
            self.remarks.append(f"the site has nothing of what was asked for; its days: {_span(available.days)}")
        mine = self.taken(endpoints)
        self.plan += mine
        root = opening.folder(self.settings) / folder_name(self.name, self.arguments.shard)
        previous = Previous(root) if self.arguments.only_changed else None
        for endpoint in mine:
            same = previous and previous.holds(endpoint, available)
            yield self.replayed(endpoint, previous.raw) if previous and same else self.request(endpoint)

    def read_body(self, body: bytes, endpoint: Endpoint) -> Parsed:
        """Return what a *body* holds, reduced to the sequences and days that were asked for."""
        if endpoint.dataset == "openapi":
            return Parsed(Records(self.layout), entries=len(display_names(body)))
        if endpoint.dataset == "availability":
            return Parsed(Records(self.layout), entries=len(Availability.read(body).entries))
        if endpoint.dataset in DATASETS:
            table = datasets.read_table(body)
            return Parsed(Records(self.layout), entries=table.num_rows, table=table)
        edition = EDITIONS[self.settings["HARDWARE_EDITION"]]
        parsed = api_v1.parse(body, endpoint, edition, self.listed)
        return replace(parsed, records=self._reduced(parsed.records))

    def _reduced(self, records: Records) -> Records:
        """Return those of the *records* that were asked for, where the request could not say so."""
        asked = self.arguments
        table = api_v1.of_sequences(records, asked.sequences).table
        if asked.mode == "history" and asked.since:
            table = table.filter(pc.greater_equal(table["date"], asked.since))
        if asked.mode == "history" and asked.until:
            table = table.filter(pc.less_equal(table["date"], asked.until))
        return Records(records.layout, table)


def _read(reader: Callable[[bytes], T], body: bytes) -> T | None:
    """Return what *reader* makes of *body*, or ``None``; that it is of no use is told by its own endpoint."""
    try:
        return reader(body)
    except BodyError:
        return None


def _span(days: Sequence[str]) -> str:
    return f"{days[0]} to {days[-1]}" if days else "none"


def _fallback(available: Availability) -> list[str]:
    """Return the built-in display names, for a site that does not list its own: those that it has data of."""
    known = [name for name, keys in API_MODELS.items() if available.newest.keys() & set(keys)]
    return known or list(API_MODELS)
