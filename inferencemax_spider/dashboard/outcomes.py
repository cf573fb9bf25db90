"""What a page is loaded for, and how that ended: with an answer, or with the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.settings import BaseSettings

from inferencemax_spider import failures
from inferencemax_spider.dashboard.errors import PageError, explained, is_playwrights
from inferencemax_spider.dashboard.generations import Generation, Selection
from inferencemax_spider.dashboard.recorder import Answer
from inferencemax_spider.dashboard.visit import Visit
from inferencemax_spider.items import Endpoint, FetchFailure, Served

Outcome = Answer | PageError


@dataclass(frozen=True)
class Errand:
    """What the page at *url* is loaded for: to bring the ``endpoints`` by ``selections``, or to be looked at.

    ``elsewhere`` is where the page might be if it is not at *url*.
    """

    url: str
    endpoints: tuple[Endpoint, ...]
    selections: tuple[Selection, ...] = ()
    generation: Generation | None = None
    click: bool = True
    elsewhere: tuple[str, ...] = ()
    attempts: int = 1


async def of_selection(
    visit: Visit, generation: Generation, selection: Selection, *, click: bool
) -> list[tuple[Endpoint, Outcome]]:
    """Return what *selection* brought: an answer for each of its endpoints, or for all of them why it did not."""
    try:
        return [*await visit.bring(generation, selection, click=click)]
    except PageError as error:
        return [(endpoint, error) for endpoint in selection.endpoints]


def of_loading(error: Exception, errand: Errand, settings: BaseSettings) -> PageError:
    """Return why the page of *errand* could not be loaded, as *error* says."""
    if is_playwrights(error):
        return PageError("load the page", explained(error, settings.getfloat("DOWNLOAD_TIMEOUT")), again=True)
    return PageError("load the page", failures.of_exception(error, errand.endpoints[0], settings).reason)


def is_worth_it(outcome: Outcome, attempts: int, settings: BaseSettings) -> bool:
    """Tell whether there is to be another attempt after this *outcome* of attempt number *attempts*."""
    if attempts > settings.getint("RETRY_TIMES"):
        return False
    if isinstance(outcome, PageError):
        return outcome.again
    return bool(outcome.cause) or str(outcome.status) in map(str, settings.getlist("RETRY_HTTP_CODES"))


def told(outcome: Outcome, seconds: float) -> tuple[Served | None, FetchFailure | None]:
    """Return the answer that *outcome* is, and why it is of no use."""
    if isinstance(outcome, PageError):
        return None, FetchFailure(str(outcome), exception=type(outcome).__name__)
    if outcome.status is None:
        return None, FetchFailure(explained(Exception(outcome.cause), seconds), exception="NoAnswer")
    served = Served(
        status=outcome.status,
        content_type=outcome.headers.get("content-type", ""),
        body=outcome.body,
        fetched_at=outcome.received_at,
        content_encoding=outcome.headers.get("content-encoding", ""),
        location=outcome.headers.get("location", ""),
    )
    return served, failures.of_status(served)
