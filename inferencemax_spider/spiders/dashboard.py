"""The dashboard's page, driven in a browser: the fallback for when the endpoints move, and an independent witness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, Self, TypeVar

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from inferencemax_spider import failures
from inferencemax_spider.arguments import DashboardArguments
from inferencemax_spider.catalog import API_MODELS
from inferencemax_spider.dashboard import browsing, outcomes, plans
from inferencemax_spider.dashboard.errors import PageError, StoppedError
from inferencemax_spider.dashboard.evidence import collected
from inferencemax_spider.dashboard.generations import OF_2025, OF_2026, Generation, Selection, address, recognised
from inferencemax_spider.dashboard.outcomes import Errand, Outcome
from inferencemax_spider.dashboard.plans import is_meant
from inferencemax_spider.dashboard.recorder import Answer, Recorder
from inferencemax_spider.dashboard.visit import Visit
from inferencemax_spider.hardware import EDITIONS
from inferencemax_spider.items import Endpoint, EndpointCapture, FetchFailure, Parsed
from inferencemax_spider.middlewares.retry import LOOK_UP_SECONDS, backoff, waited
from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.discovery import Availability
from inferencemax_spider.records import Records
from inferencemax_spider.spiders.base import EndpointSpider, models_of
from inferencemax_spider.versions import noted, replan

PAGES = ("/inference", "/")
"""Where the dashboard is: the newer site has a landing page at its root."""
PARTIAL = frozenset({"models", "sample", "shard"})
"""Arguments of a run that does not collect all models that a page offers."""
EVIDENCE_MOST = 20
"""Failures of a run whose page is kept; more of them show nothing new."""

T = TypeVar("T")


class DashboardSpider(EndpointSpider):
    """Collect what the dashboard's page shows, from the responses that the page itself requests.

    Domain
        inferencex.semianalysis.com (page of 2026), or a site that has the page of 2025
    Pages
        ``/inference``, else ``/``; which generation it is shows in what it asks for
    Spider arguments
        ``models``, ``sequences``, ``select``, ``base_url``, ``sample``, ``shard``, ``replay``
    robots.txt
        Obeyed: a page is visited, one at a time, as a visitor would, without images, trackers and other hosts.
    Caveats
        Needs the extra ``browser`` and a Chromium; several times slower than ``inferencex``, which is to be preferred.
    """

    name = "dashboard"
    layout = OF_2026.layout
    other_layouts = (OF_2025.layout,)
    common = frozenset({"page", "availability"})
    arguments_model = DashboardArguments
    arguments: DashboardArguments
    custom_settings = {  # noqa: RUF012 - Scrapy declares it so
        "CONCURRENT_REQUESTS": 1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    }

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return a spider with a browser at hand, unless it is to replay an earlier run.

        Raises:
            OperationalError: what it needs for that is not installed.
        """
        spider = super().from_crawler(crawler, *args, **kwargs)
        if not spider.arguments.replay:
            browsing.check()
            browsing.prepare(crawler.settings, spider.arguments.base_url)
        return spider

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pictured = 0
        self.listed = frozenset(API_MODELS)

    @property
    def _seconds(self) -> float:
        return self.settings.getfloat("DOWNLOAD_TIMEOUT")

    def planned(self) -> Iterator[Endpoint]:
        """Yield the page, until it is known what it has; or, of a run that is replayed, what that stored."""
        if raw := self.arguments.replay:
            asked = self.arguments.models
            endpoints = replan.plan(raw, ())
            of_then = noted.arguments(raw)
            # A run that was asked for all of it has collected all that the page offered.
            if of_then is not None and not of_then.keys() & PARTIAL:
                self.listed = frozenset(endpoint.model for endpoint in endpoints)
            yield from self._recalled(
                it for it in endpoints if not asked or is_meant([it.model], asked) or not it.model
            )
        else:
            yield Endpoint(0, f"{self.arguments.base_url}{PAGES[0]}", dataset="page", stored_as="page.json")

    def _recalled(self, endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
        """Yield the *endpoints* of an earlier run, with the hwKeys that are expected of them; note its generation."""
        expected = {model.name: model.expected_hwkeys for model in models_of(self.settings)}
        for endpoint in endpoints:
            self._is_of(recognised([endpoint.url]))
            known = expected.get(endpoint.model, ()) if endpoint.data_type else endpoint.expected_hwkeys
            yield replace(endpoint, expected_hwkeys=known)

    def _is_of(self, generation: Generation | None) -> None:
        """Note the *generation* of the page, if it is known now."""
        if generation:
            self.generation, self.layout = generation.year, generation.layout

    def request(self, endpoint: Endpoint) -> Request:
        """Return the request for the page, to look at it."""
        elsewhere = tuple(f"{self.arguments.base_url}{path}" for path in PAGES[1:])
        return self._load(Errand(endpoint.url, (endpoint,), elsewhere=elsewhere))

    def _load(self, errand: Errand) -> Request:
        recorder = Recorder(self.arguments.base_url, self.settings.getint("DOWNLOAD_MAXSIZE"))
        return Request(
            errand.url,
            callback=self.visited,
            errback=self.not_visited,
            cb_kwargs={"endpoint": errand.endpoints[0], "errand": errand},
            meta=browsing.meta(self.settings, recorder),
            dont_filter=True,
        )

    async def visited(self, response: Response, endpoint: Endpoint, errand: Errand) -> AsyncIterator[Any]:
        """Yield what comes of a page that was loaded, and close it."""
        del endpoint
        page, recorder = response.meta["playwright_page"], response.meta["recorder"]
        visit = Visit(page, recorder, self._seconds)
        try:
            async for result in self._worked(visit, errand):
                yield result
        except StoppedError:
            recorder.note("the crawl is being stopped")
        finally:
            with suppress(Exception):
                await page.close()

    async def not_visited(self, failure: Failure) -> AsyncIterator[Any]:
        """Yield what follows from a page that could not be loaded."""
        request: Request = failure.request  # type: ignore[attr-defined]
        page, errand = request.meta.get("playwright_page"), request.cb_kwargs["errand"]
        outcome = outcomes.of_loading(failure.value, errand, self.settings)  # type: ignore[arg-type]
        visit = Visit(page, request.meta["recorder"], self._seconds) if page is not None else None
        async for result in self._missed(visit, errand, outcome):
            yield result
        if visit:
            with suppress(Exception):
                await visit.page.close()

    async def _worked(self, visit: Visit, errand: Errand) -> AsyncIterator[Any]:
        """Do the *errand* on a page that was loaded; yield what comes of it."""
        document = visit.recorder.document
        if document and document.status == HTTPStatus.NOT_FOUND and errand.elsewhere:
            url, *elsewhere = errand.elsewhere
            yield self._load(replace(errand, url=url, elsewhere=tuple(elsewhere)))
            return
        try:
            if document and document.status != HTTPStatus.OK:
                steps = self._missed(visit, errand, document)
            elif errand.generation:
                steps = self._brought(visit, errand, errand.generation)
            else:
                steps = self._looked(visit, errand)
            async for result in steps:
                yield result
        except PageError as error:
            async for result in self._missed(visit, errand, error):
                yield result

    async def _looked(self, visit: Visit, errand: Errand) -> AsyncIterator[Any]:
        """Find out what the page is and offers, and yield what follows from that."""
        generation = await self._unless_stopped(visit.generation())
        click = self._clicks(generation)
        catalogue = models_of(self.settings)
        plan = await self._unless_stopped(plans.made(visit, generation, self.arguments, catalogue))
        self._adopt(generation, plan)
        for endpoint, answer in plan.answers:
            yield await self._ended(visit, endpoint, answer, 1)
        selections = [mine for entry in plan.selections if (mine := entry.of(self.plan)).endpoints]
        here = selections if click else await self._there(visit, generation, selections)
        found = replace(errand, generation=generation, click=click, attempts=1)
        async for result in self._brought(visit, replace(found, selections=tuple(here)), generation):
            yield result
        for selection in selections:
            if selection not in here:
                yield self._load(self._addressed(found, selection))

    def _clicks(self, generation: Generation) -> bool:
        """Tell whether selections are made by clicks.

        Raises:
            PageError: they are not to be, and the page takes none from its address.
        """
        if self.arguments.select == "url" and not generation.addressable:
            cause = f"the page of {generation.year} takes no selection from its address; use select=click"
            raise PageError("select by address", cause)
        return self.arguments.select == "click" or not generation.addressable

    def _adopt(self, generation: Generation, plan: plans.Plan) -> None:
        """Put the *plan* in the place of that of looking at the page."""
        self._is_of(generation)
        self.listed = frozenset(plan.offered) or self.listed
        self.promised, self.remarks = plan.promised, plan.remarks
        self.whole_plan.clear()
        self.plan[:] = self.taken(plan.endpoints)

    async def _there(self, visit: Visit, generation: Generation, selections: list[Selection]) -> list[Selection]:
        """Return those of the *selections* that the page shows already: they need no page of their own."""
        work = [entry for entry in selections if not entry.sequence]
        return [entry for entry in work if await self._unless_stopped(visit.shows(generation, entry))]

    def _addressed(self, errand: Errand, selection: Selection) -> Errand:
        url = address(errand.url.partition("?")[0], selection)
        return replace(errand, url=url, endpoints=selection.endpoints, selections=(selection,))

    async def _brought(self, visit: Visit, errand: Errand, generation: Generation) -> AsyncIterator[Any]:
        """Make the selections of *errand*; yield what each of them brings, or another attempt."""
        missing: list[Selection] = []
        for selection in errand.selections:
            ended = await self._unless_stopped(outcomes.of_selection(visit, generation, selection, click=errand.click))
            again = [
                endpoint for endpoint, outcome in ended if outcomes.is_worth_it(outcome, errand.attempts, self.settings)
            ]
            missing += [selection.of(again)] if again else []
            for endpoint, outcome in ended:
                if endpoint not in again:
                    yield await self._ended(visit, endpoint, outcome, errand.attempts)
        if missing:
            endpoints = tuple(endpoint for entry in missing for endpoint in entry.endpoints)
            async for result in self._once_more(replace(errand, selections=tuple(missing), endpoints=endpoints)):
                yield result

    async def _missed(self, visit: Visit | None, errand: Errand, outcome: Outcome) -> AsyncIterator[Any]:
        """Yield another attempt at an *errand* of which nothing came, or its end."""
        if outcomes.is_worth_it(outcome, errand.attempts, self.settings):
            async for result in self._once_more(errand):
                yield result
        else:
            for endpoint in errand.endpoints:
                yield await self._ended(visit, endpoint, outcome, errand.attempts)

    async def _once_more(self, errand: Errand) -> AsyncIterator[Request]:
        self.crawler.stats.inc_value("retry/count")
        if await waited(self.crawler, backoff(self.settings, errand.attempts)):
            yield self._load(replace(errand, attempts=errand.attempts + 1))

    async def _ended(self, visit: Visit | None, endpoint: Endpoint, outcome: Outcome, attempts: int) -> EndpointCapture:
        """Return the capture of *endpoint*, which has come to this end; of a failure, with what the page shows."""
        served, failure = outcomes.told(outcome, self._seconds)
        url = outcome.url if isinstance(outcome, Answer) else endpoint.url
        capture = self._capture(
            replace(endpoint, url=url), Request(url, meta={"retry_times": attempts - 1}), served=served, failure=failure
        )
        return await self._shown_by(visit, capture, failure) if visit and failure else capture

    async def _shown_by(self, visit: Visit, capture: EndpointCapture, failure: FetchFailure) -> EndpointCapture:
        """Return *capture* with what the page shows of its *failure*; of one that it shared, with where that is."""
        if failure.reason not in visit.seen and self._pictured < EVIDENCE_MOST:
            self._pictured += 1
            stem = visit.seen[failure.reason] = PurePosixPath(capture.endpoint.file_name).stem
            pieces = await collected(visit.page, visit.recorder)
            capture = replace(capture, evidence={f"{stem}.{kind}": piece for kind, piece in pieces.items()})
        if failure.reason not in visit.seen:
            return capture
        told = failures.pointing(failure.reason, visit.seen[failure.reason])
        return replace(capture, failure=replace(failure, reason=told))

    async def _unless_stopped(self, work: Awaitable[T]) -> T:
        """Return what *work* returns; give it up when the crawl is being stopped.

        Raises:
            StoppedError: the crawl is being stopped.
        """
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_UP_SECONDS)
            if not self.crawler.crawling and not task.done():
                task.cancel()
                await asyncio.wait({task})
                raise StoppedError
        return task.result()

    def read_body(self, body: bytes, endpoint: Endpoint) -> Parsed:
        """Return what a *body* holds, reduced to the sequences that were asked for."""
        if endpoint.dataset == "page":
            raise BodyError("a page, which holds no data")
        if endpoint.dataset == "availability":
            return Parsed(Records(self.layout), entries=len(Availability.read(body).entries))
        if endpoint.data_type:
            return static_json.parse(body, endpoint)
        parsed = api_v1.parse(body, endpoint, EDITIONS[self.settings["HARDWARE_EDITION"]], self.listed)
        if parsed.unasked:
            raise BodyError(f"rows of {', '.join(parsed.unasked)}, where {endpoint.model} was selected")
        return replace(parsed, records=api_v1.of_sequences(parsed.records, self.arguments.sequences))
