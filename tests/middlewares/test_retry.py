"""Retries: what is tried again, and how long that waits, which the stat ``retry/waited_ms`` tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from inferencemax_spider.middlewares.retry import BackoffRetryMiddleware, retry_after
from tests.factories import project_settings, stats_of

URL = "http://127.0.0.1/data/a.json"
NOW = datetime(2025, 10, 25, 1, 0, 7, tzinfo=UTC)
RETRIED = [408, 429, 500, 501, 502, 503, 504, 520, 599]
NOT_RETRIED = [200, 301, 304, 400, 401, 403, 404, 410]


def asked(value: str | None) -> float | None:
    headers = {} if value is None else {"Retry-After": value}
    return retry_after(Response(URL, headers=headers), NOW.timestamp())


@given(st.integers(0, 10**6))
def test_seconds_are_taken_as_they_are(seconds: int) -> None:
    assert asked(f" {seconds} ") == seconds


@given(st.integers(-(10**6), 10**6), st.integers(-12, 14))
def test_a_date_is_the_time_until_then_in_any_zone_and_never_negative(seconds: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert asked(format_datetime((NOW + timedelta(seconds=seconds)).astimezone(zone))) == max(0, seconds)


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def _here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in that time zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    "date",
    ["Sat, 25 Oct 2025 01:01:07 GMT", "Saturday, 25-Oct-25 01:01:07 GMT", "Sat Oct 25 01:01:07 2025"],
)
def test_all_three_forms_of_an_http_date_are_read_wherever_the_crawl_runs(date: str) -> None:
    assert asked(date) == 60


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "-5",
        "1.5",
        "1e3",
        "0x10",
        "Sat, 31 Feb 2025 01:01:07 GMT",
        "Sat, 25 Oct 2025 25:61:07 GMT",
        "Sat, 25 Oct 99999999999999 01:01:07 GMT",
        "Sat, 25 Oct 2025 01:01:07 +99999999999999999999",
        "²",
    ],
)
def test_what_says_nothing_is_passed_over(value: str | None) -> None:
    assert asked(value) is None


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_header_breaks_the_reading(value: str) -> None:
    seconds = asked(value)
    assert seconds is None or seconds >= 0


def crawling(**settings: Any) -> Crawler:
    """Return a crawler that is under way, with the project's settings and short waits."""
    values = project_settings().copy_to_dict()
    chosen = {name: values[name] for name in ("RETRY_TIMES", "RETRY_HTTP_CODES", "RETRY_GIVE_UP_LOG_LEVEL")}
    crawler = get_crawler(Spider, chosen | {"RETRY_BACKOFF": 0.001, "RETRY_WAIT_MAX": 0.01} | settings)
    crawler.spider = Spider.from_crawler(crawler, name="any")
    crawler.crawling = True
    return crawler


def answered(crawler: Crawler, response: Response, request: Request | None = None) -> Request | Response:
    middleware = BackoffRetryMiddleware.from_crawler(crawler)
    request = request or Request(URL)
    return asyncio.run(asyncio.wait_for(middleware.process_response(request, response), timeout=60))


def broken(crawler: Crawler, error: Exception) -> Request | None:
    middleware = BackoffRetryMiddleware.from_crawler(crawler)
    return asyncio.run(asyncio.wait_for(middleware.process_exception(Request(URL), error), timeout=60))


@pytest.mark.parametrize("status", RETRIED)
def test_an_answer_that_may_be_better_next_time_is_asked_for_again(status: int) -> None:
    again = answered(crawling(), Response(URL, status=status))
    assert isinstance(again, Request)
    assert (again.url, again.meta["retry_times"], again.dont_filter) == (URL, 1, True)


@pytest.mark.parametrize("status", NOT_RETRIED)
def test_an_answer_that_will_stay_the_same_is_passed_on(status: int) -> None:
    response = Response(URL, status=status)
    assert answered(crawling(), response) is response


@pytest.mark.parametrize("flag", ["dataloss", "undecodable"])
def test_a_damaged_answer_is_asked_for_again_whatever_its_status(flag: str) -> None:
    assert isinstance(answered(crawling(), Response(URL, status=200, flags=[flag])), Request)


def test_an_answer_with_a_flag_that_is_no_damage_is_passed_on() -> None:
    response = Response(URL, flags=["cached"])
    assert answered(crawling(), response) is response


@pytest.mark.parametrize(
    "error", [DownloadConnectionRefusedError("x"), DownloadTimeoutError("x"), CannotResolveHostError("x")]
)
def test_a_fault_of_the_connection_is_tried_again(error: Exception) -> None:
    assert isinstance(broken(crawling(), error), Request)


def test_any_other_fault_is_not_tried_again() -> None:
    assert broken(crawling(), ValueError("x")) is None


@pytest.mark.parametrize("asking", ["3600", "99999999999999999999", "Fri, 25 Oct 2999 01:00:07 GMT"])
def test_no_wait_is_longer_than_the_longest_whatever_the_server_asks(asking: str) -> None:
    crawler = crawling()
    assert isinstance(answered(crawler, Response(URL, status=429, headers={"Retry-After": asking})), Request)
    assert stats_of(crawler)["retry/waited_ms"] == 10


def test_the_back_off_is_bounded_too() -> None:
    crawler = crawling(RETRY_BACKOFF=1e9)
    answered(crawler, Response(URL, status=503))
    assert stats_of(crawler)["retry/waited_ms"] == 10


@pytest.mark.parametrize("status", [429, 503])
def test_the_pace_that_the_server_asks_for_comes_before_the_own(status: int) -> None:
    crawler = crawling(RETRY_BACKOFF=1e9)
    answered(crawler, Response(URL, status=status, headers={"Retry-After": "0"}))
    assert stats_of(crawler)["retry/waited_ms"] == 0


def test_each_further_retry_waits_twice_as_long_give_or_take_a_quarter() -> None:
    waited = []
    for times in range(3):
        crawler = crawling(RETRY_BACKOFF=0.1, RETRY_WAIT_MAX=60)
        request = Request(URL, meta={"retry_times": times})
        answered(crawler, Response(URL, status=503), request)
        waited.append(stats_of(crawler)["retry/waited_ms"])
    for times, milliseconds in enumerate(waited):
        assert 75 * 2**times <= milliseconds <= 125 * 2**times


def test_the_last_answer_is_passed_on_without_waiting() -> None:
    crawler = crawling(RETRY_TIMES=2, RETRY_BACKOFF=1e9, RETRY_WAIT_MAX=1e9)
    response = Response(URL, status=503)
    assert answered(crawler, response, Request(URL, meta={"retry_times": 2})) is response
    assert "retry/waited_ms" not in stats_of(crawler)


def test_a_crawl_that_is_being_stopped_does_not_wait() -> None:
    crawler = crawling(RETRY_WAIT_MAX=1e9)
    crawler.crawling = False
    response = Response(URL, status=429, headers={"Retry-After": "3600"})
    assert answered(crawler, response) is response


def test_a_wait_ends_when_the_crawl_is_stopped() -> None:
    crawler = crawling(RETRY_WAIT_MAX=1e9)
    response = Response(URL, status=429, headers={"Retry-After": "3600"})

    async def stopped_meanwhile() -> Request | Response:
        middleware = BackoffRetryMiddleware.from_crawler(crawler)
        waiting = asyncio.ensure_future(middleware.process_response(Request(URL), response))
        await asyncio.sleep(0)
        assert not waiting.done()
        crawler.crawling = False
        return await asyncio.wait_for(waiting, timeout=60)

    assert asyncio.run(stopped_meanwhile()) is response


def test_a_request_that_must_not_be_retried_is_not() -> None:
    response = Response(URL, status=503)
    assert answered(crawling(), response, Request(URL, meta={"dont_retry": True})) is response
