"""The live API as content of the demo site: which path and query has which answer."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, quote

from inferencemax_spider.demo.api.bodies import Bodies, dumps
from inferencemax_spider.demo.api.dataset import ApiDataset
from inferencemax_spider.demo.api.extras import evaluations, reliability, submissions, workflow_info
from inferencemax_spider.demo.api.openapi import V1, document
from inferencemax_spider.demo.api.shapes import AGENTIC_TRACES
from inferencemax_spider.demo.content import HTML, Resource
from inferencemax_spider.demo.faults import ROBOTS

Query = Mapping[str, str]

RULES: Final = Resource(b"User-Agent: *\nAllow: /\nDisallow: /api/\n", "text/plain; charset=utf-8")
CACHED: Final = {"Cache-Control": "public, max-age=0, s-maxage=86400"}
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class ApiError(Exception):
    """A request that is answered with an error in the site's form."""

    def __init__(self, status: int, message: str) -> None:
        """Answer *status* with *message*."""
        super().__init__(message)
        self.status = status


def answer(body: bytes, compresslevel: int = 6) -> Resource:
    """Return *body* as the API sends it: always compressed, without validators."""
    return Resource(body, headers=CACHED, always_gzip=True, compresslevel=compresslevel)


def first_values(query: str) -> Query:
    """Return the parameters of *query*: the first of each name, as the site reads them; empty ones are none."""
    return {name: values[0] for name, values in parse_qs(query).items()}


def is_date(text: str) -> bool:
    """Tell whether *text* is a date as the API takes them."""
    try:
        return bool(DATE.fullmatch(text) and dt.date.fromisoformat(text))
    except ValueError:
        return False


def history_of(query: Query) -> tuple[int | None, int | None]:
    """Return the sequence whose history *query* asks for; None and None are agentic traces.

    Raises:
        ApiError: it asks for none.
    """
    if query.get("benchmarkType") == AGENTIC_TRACES:
        return None, None
    isl, osl = (query.get(name, "") for name in ("isl", "osl"))
    if not (isl.isascii() and isl.isdecimal() and osl.isascii() and osl.isdecimal()):
        raise ApiError(HTTPStatus.BAD_REQUEST, "model, isl, and osl are required")
    return int(isl), int(osl)


def beside_answers(path: str, query: str) -> Resource | None:
    """Return what the site answers on *path* whatever its data is: its rules, redirects to paths without a slash."""
    if path == ROBOTS:
        return RULES
    if path.startswith("/api/") and path.endswith("/"):
        location = quote(path.rstrip("/")) + (f"?{query}" if query else "")
        return Resource(b"", HTML, HTTPStatus.PERMANENT_REDIRECT, {"Location": location})
    return None


def answered(serve: Callable[[], bytes], compresslevel: int = 6) -> Resource:
    """Return what *serve* has to say, or the error that it raises."""
    try:
        return answer(serve(), compresslevel)
    except ApiError as error:
        return Resource(dumps({"error": str(error)}), status=error.status)


@dataclass
class ApiContent:
    """The live API with the data of ``dataset``; answers are generated when they are first asked for, and kept.

    Attributes:
        dataset: what is published.
        openapi: whether there is an OpenAPI document; older deployments have none.
        bad_date_500: whether a date that has no data, or is none, is an error 500; else the API makes sense of it.
        history_rows: about how many rows all histories have together; with 0 each row is there once. Answers are not
            kept then, and compressed quickly.
    """

    dataset: ApiDataset
    openapi: bool = True
    bad_date_500: bool = False
    history_rows: int = 0
    _kept: dict[tuple[str, str], Resource] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        """Find the routes."""
        self.bodies = Bodies(self.dataset, self.history_rows)
        self._routes: dict[str, Callable[[Query], bytes]] = {
            f"{V1}/availability": lambda _: dumps(self.dataset.availability()),
            f"{V1}/benchmarks": self._benchmarks,
            f"{V1}/benchmarks/history": self._history,
            f"{V1}/evaluations": lambda _: dumps(evaluations(self.dataset)),
            f"{V1}/reliability": lambda _: dumps(reliability(self.dataset)),
            f"{V1}/submissions": lambda _: dumps(submissions(self.dataset)),
            f"{V1}/workflow-info": self._workflow_info,
        }
        if self.openapi:
            self._routes["/api/openapi.json"] = lambda _: dumps(document(self.dataset.models))

    def get(self, path: str, query: str) -> Resource | None:
        """Return the answer to *path* with *query*, or None for a path outside the API."""
        route = self._routes.get(path)
        if route is None:
            return beside_answers(path, query)
        with self._lock:
            return self._kept.get((path, query)) or self._generated(route, path, query)

    def _generated(self, route: Callable[[Query], bytes], path: str, query: str) -> Resource:
        resource = answered(lambda: route(first_values(query)), 1 if self.bodies.scaled else 6)
        if not self.bodies.scaled:
            self._kept[path, query] = resource
        return resource

    def _model(self, query: Query) -> str:
        """Return the display name that *query* asks for, exact and case-sensitive."""
        name = query.get("model", "")
        if name not in self.dataset.models:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Unknown model")
        return name

    def _benchmarks(self, query: Query) -> bytes:
        name, date = self._model(query), query.get("date")
        if date is not None and self.bad_date_500 and date not in self.dataset.dates:
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")
        if date is not None and not is_date(date):
            return b"[]"
        exact = date is not None and query.get("exact") == "true"
        return self.bodies.benchmarks(name, self.dataset.latest(name, date, exact=exact))

    def _history(self, query: Query) -> bytes:
        if "model" not in query:
            raise ApiError(HTTPStatus.BAD_REQUEST, "model, isl, and osl are required")
        isl, osl = history_of(query)
        name = self._model(query)
        return self.bodies.benchmarks(name, self.dataset.history(name, isl, osl), means=False)

    def _workflow_info(self, query: Query) -> bytes:
        date = query.get("date")
        if date is not None and not DATE.fullmatch(date):
            raise ApiError(HTTPStatus.BAD_REQUEST, "Invalid date format (YYYY-MM-DD required)")
        return dumps(workflow_info(self.dataset, date))
