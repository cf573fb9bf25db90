"""What became of each planned endpoint, and of each output: the books that the summary is written from."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals

from inferencemax_spider.catalog import DATASETS
from inferencemax_spider.extensions.base import RunExtension, require_endpoints
from inferencemax_spider.items import Endpoint, EndpointCapture, State
from inferencemax_spider.records import newest_days
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

OUTPUT_FAILED = "output_failed"
"""Close reason of a run whose outputs could not be written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one endpoint, without its body and its records."""

    endpoint: Endpoint
    state: State = "not_attempted"
    reason: str = "the run ended before it was asked for"
    http_status: int | None = None
    exception: str | None = None
    attempts: int = 0
    curl: str | None = None
    replayed_from: str | None = None
    bytes: int = 0
    sha256: str | None = None
    records: int = 0
    entries: int = 0
    rejected: int = 0
    hwkeys: Counter[str] = field(default_factory=Counter)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    unpriced: Counter[str] = field(default_factory=Counter)
    unasked: Counter[str] = field(default_factory=Counter)
    newest: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[dict[str, Any], ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it brought data: records, or the rows of a further dataset."""
        return bool(self.records) or (self.state == "ok" and self.endpoint.dataset in DATASETS)

    @classmethod
    def of(cls, item: EndpointCapture) -> Self:
        """Return the outcome that *item* is."""
        served, failure = item.served, item.failure
        return cls(
            endpoint=item.endpoint,
            state=item.state,
            reason=item.reason,
            http_status=served.status if served else None,
            exception=failure.exception if failure else None,
            attempts=item.attempts,
            curl=item.curl,
            replayed_from=item.replayed_from,
            bytes=len(served.body) if served else 0,
            sha256=served.sha256 if served else None,
            records=len(item.records),
            entries=item.entries,
            rejected=len(item.rejections),
            hwkeys=item.hwkeys,
            unknown_fields=item.unknown_fields,
            unpriced=item.unpriced,
            unasked=item.unasked,
            newest=newest_days(item.records),
            duplicates=tuple(item.duplicates),
        )


class Ledger(RunExtension):
    """Keep one :class:`Outcome` per planned endpoint and the outputs that failed."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.output_errors: dict[str, str] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._network: list[float] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the ledger of *crawler*, listening to what happens to its items."""
        require_endpoints(crawler)
        ledger = cls(crawler)
        crawler.signals.connect(ledger.item_scraped, signals.item_scraped)
        crawler.signals.connect(ledger.item_error, signals.item_error)
        crawler.signals.connect(ledger.spider_error, signals.spider_error)
        crawler.signals.connect(ledger.on_the_network, signals.request_reached_downloader)
        crawler.signals.connect(ledger.on_the_network, signals.response_downloaded)
        return ledger

    def outcomes(self) -> list[Outcome]:
        """Return one outcome per planned endpoint, in the order of the plan."""
        spider = self.crawler.spider
        assert isinstance(spider, EndpointSpider)
        return [self._outcomes.get(endpoint.index, Outcome(endpoint)) for endpoint in spider.plan]

    @property
    def network_seconds(self) -> float:
        """The time between the first request sent and the last answer received, in seconds."""
        return self._network[-1] - self._network[0] if self._network else 0.0

    def on_the_network(self) -> None:
        """Note that a request went out or an answer came in."""
        self._network[1:] = [time.monotonic()]

    def item_scraped(self, item: Any) -> None:
        """Book the outcome that went through all pipelines."""
        if isinstance(item, EndpointCapture):
            self._outcomes[item.endpoint.index] = Outcome.of(item)

    def item_error(self, item: Any, failure: Failure) -> None:
        """Book an endpoint whose capture a pipeline broke on."""
        self._book_error(item.endpoint, failure)

    def spider_error(self, failure: Failure, response: Any) -> None:
        """Book an endpoint whose answer the spider broke on."""
        self._book_error(response.request.cb_kwargs["endpoint"], failure)

    def _book_error(self, endpoint: Endpoint, failure: Failure) -> None:
        name = type(failure.value).__name__
        reason = f"internal error: {name}: {failure.value}"
        self._outcomes[endpoint.index] = Outcome(endpoint, state="failed", reason=reason, exception=name)

    def output_failed(self, name: str, error: Exception) -> None:
        """Book an output that could not be written, and end the run: what it collects could not be kept.

        A cause outside of the program (a full disk) is told in one line, any other with its traceback.
        """
        if name in self.output_errors:
            return
        foreseen = error.strerror if isinstance(error, OSError) else None
        self.output_errors[name] = foreseen or f"{type(error).__name__}: {error}"
        logger.error("Cannot write %s: %s", name, self.output_errors[name], exc_info=None if foreseen else error)
        if self.crawler.crawling and len(self.output_errors) == 1:
            self._closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=OUTPUT_FAILED))
