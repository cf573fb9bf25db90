"""What all spiders of this project share: a plan of endpoints, each of which ends in exactly one capture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import scrapy
from pydantic import BaseModel, ValidationError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from inferencemax_spider import arguments, catalog, envelope, failures, knobs
from inferencemax_spider.items import Endpoint, EndpointCapture, FetchFailure, Parsed, Served
from inferencemax_spider.records import Layout, Records
from inferencemax_spider.storage import opening
from inferencemax_spider.versions import noted

DAMAGE = {
    "dataloss": "the connection was closed before the whole body had come",
    "undecodable": "the body is not what its Content-Encoding says, or was cut off",
}


class EndpointSpider(scrapy.Spider):
    """Fetch a plan of endpoints and yield one :class:`EndpointCapture` for each.

    A subclass gives ``layout``, ``arguments_model`` (its spider arguments), :meth:`read_body` and :meth:`planned`. One
    that learns only from the site what its records are like also gives ``other_layouts``, and sets ``layout`` then.
    What the arguments say is checked before anything else: a wrong one raises ``ArgumentError``.
    """

    layout: Layout
    other_layouts: ClassVar[tuple[Layout, ...]] = ()
    arguments_model: ClassVar[type[BaseModel]]
    arguments: Any
    plan: list[Endpoint]
    whole_plan: list[Endpoint]
    """What all shards together ask for, in the order of the plan; without shards, the plan."""
    common: ClassVar[frozenset[str]] = frozenset()
    """Datasets that every shard needs in order to know the plan."""
    remarks: list[str]
    """What is wrong with the plan, one line each."""
    promised: Mapping[str, str] = MappingProxyType({})
    """Newest day that the site says it has of each model key; nothing where it does not say."""
    generation: str | None = None
    """Of a page, once it is known."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return a spider with its arguments parsed and its plan made."""
        spider = super().from_crawler(crawler, *args)
        spider.remarks = []
        knobs.check(crawler.settings)
        if replay := kwargs.get("replay"):
            kwargs["replay"] = opening.replayed(crawler.settings, replay)
        spider.arguments = arguments.parse(cls.arguments_model, kwargs, models_of(crawler.settings))
        whole = list(spider.planned())
        _check_names(whole)
        spider.whole_plan = []
        spider.plan = spider.taken(whole)
        return spider

    def taken(self, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
        """Return those of the *endpoints* that this run asks for: all, or its part of them; note the whole plan."""
        shard, replay = self.arguments.shard, self.arguments.replay
        self.whole_plan += [endpoint for endpoint in endpoints if endpoint.dataset not in self.common]
        if shard is None or replay:
            return list(endpoints)
        return [
            endpoint for endpoint in endpoints if endpoint.dataset in self.common or shard.takes(endpoint.file_name)
        ]

    @abstractmethod
    def planned(self) -> Iterator[Endpoint]:
        """Yield the endpoints to fetch, in catalogue order."""

    @abstractmethod
    def read_body(self, body: bytes, endpoint: Endpoint) -> Parsed:
        """Return what the *body* of an answer holds; raise ``BodyError`` when there is no reading it."""

    async def start(self) -> AsyncIterator[Any]:
        """Yield one request per planned endpoint, or its capture when an earlier run is replayed."""
        for endpoint in self.plan:
            yield self.replayed(endpoint, self.arguments.replay) if self.arguments.replay else self.request(endpoint)

    def request(self, endpoint: Endpoint) -> Request:
        """Return the request for *endpoint*, whose answer, or failure, becomes its capture."""
        return Request(
            endpoint.url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"endpoint": endpoint},
            dont_filter=True,
        )

    def parse(self, response: Response, endpoint: Endpoint) -> Iterator[EndpointCapture]:
        """Yield the capture of an answer, whatever its status."""
        assert response.request
        served = Served(
            status=response.status,
            content_type=_header(response, "Content-Type"),
            body=response.body,
            fetched_at=datetime.now(UTC),
            damage=next((DAMAGE[flag] for flag in response.flags if flag in DAMAGE), ""),
            content_encoding=_header(response, "Content-Encoding"),
            location=_header(response, "Location"),
        )
        yield self._capture(endpoint, response.request, served=served, failure=failures.of_status(served))

    def failed(self, failure: Failure) -> Iterator[EndpointCapture]:
        """Yield the capture of an endpoint from which no answer came."""
        request: Request = failure.request  # type: ignore[attr-defined]
        endpoint: Endpoint = request.cb_kwargs["endpoint"]
        reason = failures.of_exception(failure.value, endpoint, self.settings)  # type: ignore[arg-type]
        yield self._capture(endpoint, request, failure=reason)

    def _capture(self, endpoint: Endpoint, request: Request, **outcome: Any) -> EndpointCapture:
        return EndpointCapture(
            endpoint=endpoint,
            curl=_curl(request, endpoint),
            attempts=request.meta.get("retry_times", 0) + 1,
            parser=self.read_body,
            records=Records(self.layout),
            **outcome,
        )

    def replayed(self, endpoint: Endpoint, raw: Path) -> EndpointCapture:
        """Return the capture of *endpoint* as an earlier run stored it in the folder *raw*, or noted its failure."""
        path = raw / endpoint.file_name
        try:
            metadata, body = envelope.read(path)
            served = _stored(metadata, body, endpoint)
        except FileNotFoundError:
            return self._unanswered(endpoint, raw)
        except (OSError, ValueError, KeyError) as error:
            failure = FetchFailure(f"raw file {path.name}: {_one_line(error)}", exception=type(error).__name__)
            return self._capture(endpoint, Request(endpoint.url), failure=failure)
        capture = self._capture(
            replace(endpoint, url=metadata["url"]),
            Request(metadata["url"], meta={"retry_times": metadata["attempts"] - 1}),
            served=served,
            failure=failures.of_status(served),
        )
        return replace(capture, replayed_from=raw.resolve().parent.name)

    def _unanswered(self, endpoint: Endpoint, raw: Path) -> EndpointCapture:
        """Return the capture of *endpoint*, whose answer is not in the folder *raw*."""
        if not (cause := noted.cause(endpoint, raw)):
            reason = f"the replayed run holds no raw file {endpoint.file_name}"
            failure = FetchFailure(reason, exception="FileNotFoundError")
            return self._capture(endpoint, Request(endpoint.url), failure=failure)
        capture = self._capture(
            replace(endpoint, url=cause["url"]),
            Request(cause["url"], meta={"retry_times": cause["attempts"] - 1}),
            failure=FetchFailure(failures.without_pointer(cause["reason"]), exception=cause["exception"]),
        )
        return replace(capture, replayed_from=raw.resolve().parent.name)


def _curl(request: Request, endpoint: Endpoint) -> str:
    """Return a command line that asks for *endpoint* as *request* did."""
    headers = {name: value for name, value in request.headers.items() if name != b"Accept-Encoding"}
    return f"{Request(endpoint.url, headers=headers).to_curl()} --compressed"


def _stored(metadata: dict[str, Any], body: bytes, endpoint: Endpoint) -> Served:
    """Return the answer of *endpoint* that a raw file holds.

    Raises:
        ValueError: the file is of another endpoint, or the body is not the one that was stored.
    """
    if any(metadata[name] != getattr(endpoint, name) for name in ("model", "sequence", "data_type")):
        raise ValueError(f"it is of another endpoint: {metadata['url']}")
    served = Served(
        status=metadata["http_status"],
        content_type=metadata["content_type"],
        body=body,
        fetched_at=datetime.fromisoformat(metadata["fetched_at"]),
        damage=metadata["damage"],
        content_encoding=metadata["content_encoding"],
        location=metadata["location"],
    )
    if served.sha256 != metadata["sha256"]:
        raise ValueError("the body does not have the sha256 that was recorded with it")
    return served


def models_of(settings: BaseSettings) -> tuple[catalog.Model, ...]:
    """Return the catalogue's models with those of the ``CATALOG_MODELS`` setting laid over them."""
    try:
        return catalog.with_models(settings.getdict("CATALOG_MODELS"))
    except ValidationError as error:
        raise arguments.ArgumentError(arguments.told("setting CATALOG_MODELS:", error)) from None
    except (ValueError, TypeError) as error:
        raise arguments.ArgumentError(f"setting CATALOG_MODELS is no JSON object of models: {error}") from None


def _check_names(plan: Sequence[Endpoint]) -> None:
    """Refuse a plan in which two endpoints would be stored under one file name."""
    names = [endpoint.file_name for endpoint in plan]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise arguments.ArgumentError(f"two endpoints would be stored as {twice[0]}; give the models distinct slugs")


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
