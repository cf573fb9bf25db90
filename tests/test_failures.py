"""Why a fetch failed: cause and remedy in one line."""

from __future__ import annotations

import pytest
from scrapy import exceptions

from inferencemax_spider import failures
from inferencemax_spider.items import FetchFailure
from tests.factories import endpoint, present, project_settings, served

AT = endpoint(url="http://example.org:8000/data/a.json")


def of_status(status: int, **answer: str) -> FetchFailure:
    return present(failures.of_status(served(b"", status=status, **answer)))


def of_exception(error: Exception, **settings: object) -> FetchFailure:
    return failures.of_exception(error, AT, project_settings(**settings))


def test_a_good_answer_is_no_failure() -> None:
    assert failures.of_status(served(b"[]")) is None


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 404, 500, 503, 599, 999])
def test_every_other_status_is_a_failure_and_stands_in_it(status: int) -> None:
    failure = of_status(status)
    assert failure.status == status
    assert failure.exception is None
    assert str(status) in failure.reason


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (404, {}, "base_url"),
        (404, {"content_type": "text/html; charset=utf-8"}, "an HTML page where JSON was expected"),
        (302, {"location": "https://other.example/a"}, "https://other.example/a"),
        (429, {}, "CONCURRENT_REQUESTS_PER_DOMAIN"),
        (503, {}, "Service Unavailable"),
        (599, {}, "unknown status"),
    ],
)
def test_a_status_is_told_with_what_can_be_done(status: int, answer: dict[str, str], told: str) -> None:
    assert told in of_status(status, **answer).reason


def test_a_hint_that_does_not_belong_is_not_given() -> None:
    assert of_status(500).reason == "HTTP 500 Internal Server Error"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (exceptions.DownloadConnectionRefusedError("no"), "connection refused by example.org:8000"),
        (exceptions.CannotResolveHostError("no"), "the host example.org:8000 is not known"),
        (exceptions.DownloadTimeoutError("no"), "no whole answer within 7.5 s; raise DOWNLOAD_TIMEOUT"),
        (exceptions.DownloadCancelledError("size"), "body larger than 1000 bytes; raise DOWNLOAD_MAXSIZE"),
        (
            exceptions.IgnoreRequest("Ignored response: exceeded DOWNLOAD_MAXSIZE (1000 B) during decompression."),
            "body larger than 1000 bytes; raise DOWNLOAD_MAXSIZE",
        ),
        (exceptions.IgnoreRequest("Forbidden by robots.txt"), "ROBOTSTXT_OBEY"),
        (exceptions.IgnoreRequest("max redirections reached"), "max redirections reached"),
        (exceptions.IgnoreRequest(), "the request was dropped"),
        (exceptions.DownloadFailedError("gone"), "closed the connection without a whole answer"),
        (exceptions.DownloadFailedError("[SSL] certificate verify failed: x"), "DOWNLOAD_VERIFY_CERTIFICATES"),
        (RuntimeError("one\n  two"), "RuntimeError: one two"),
    ],
)
def test_an_exception_is_told_with_what_can_be_done(error: Exception, told: str) -> None:
    failure = of_exception(error, DOWNLOAD_TIMEOUT="7.5", DOWNLOAD_MAXSIZE="1000")
    assert told in failure.reason
    assert "\n" not in failure.reason
    assert failure.exception == type(error).__name__
    assert failure.status is None
