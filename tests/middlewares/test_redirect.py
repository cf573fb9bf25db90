"""Redirects: followed within the site, handed over when they lead elsewhere."""

from __future__ import annotations

import pytest
from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from inferencemax_spider.middlewares.redirect import SameSiteRedirectMiddleware

SITE = "http://site.example/data/a.json"


def redirected(url: str, location: str, status: int = 302, request: Request | None = None) -> Request | Response:
    crawler = get_crawler(Spider, {"REDIRECT_MAX_TIMES": 3})
    crawler.spider = Spider.from_crawler(crawler, name="any")
    middleware = SameSiteRedirectMiddleware.from_crawler(crawler)
    response = Response(url, status=status, headers={"Location": location})
    return middleware.process_response(request or Request(url), response)


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        (SITE, "/data/b.json", "http://site.example/data/b.json"),
        (SITE, "b.json?x=1", "http://site.example/data/b.json?x=1"),
        (SITE, "http://site.example:80/b", "http://site.example:80/b"),
        (SITE, "https://site.example/data/a.json", "https://site.example/data/a.json"),
        (SITE, "https://site.example:443/b", "https://site.example:443/b"),
        (SITE, "HTTP://SITE.example/b", "http://site.example/b"),
        (SITE, "//site.example/b", "http://site.example/b"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/b", "http://127.0.0.1:8000/b"),
        ("http://127.0.0.1:8000/a", "/b/", "http://127.0.0.1:8000/b/"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_site_is_followed(url: str, location: str, target: str, status: int) -> None:
    again = redirected(url, location, status)
    assert isinstance(again, Request)
    assert again.url.lower() == target


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (SITE, "http://other.example/data/a.json"),
        (SITE, "https://other.example/data/a.json"),
        (SITE, "//other.example/data/a.json"),
        (SITE, "http://www.site.example/data/a.json"),
        (SITE, "http://site.example.other.example/a"),
        (SITE, "http://site.example@other.example/a"),
        (SITE, "http://site.example:8080/a"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1/a"),
        ("http://127.0.0.1:8000/a", "http://localhost:8000/a"),
    ],
)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_to_elsewhere_is_handed_over_as_it_is(url: str, location: str, status: int) -> None:
    response = redirected(url, location, status)
    assert isinstance(response, Response)
    assert (response.url, response.status, response.headers["Location"]) == (url, status, location.encode())


@pytest.mark.parametrize("location", ["ftp://site.example/a", "file:///etc/passwd", "javascript:alert(1)", "data:,[]"])
def test_a_redirect_out_of_http_is_handed_over_as_it_is(location: str) -> None:
    assert isinstance(redirected(SITE, location), Response)


def test_an_answer_that_is_no_redirect_is_passed_on() -> None:
    assert isinstance(redirected(SITE, "/b", status=200), Response)


def test_a_circle_of_redirects_ends() -> None:
    request: Request = Request(SITE)
    for _ in range(3):
        again = redirected(SITE, SITE, request=request)
        assert isinstance(again, Request)
        request = again
    with pytest.raises(IgnoreRequest, match="max redirections reached"):
        redirected(SITE, SITE, request=request)


def test_a_redirect_in_two_steps_cannot_leave_the_site_either() -> None:
    first = redirected(SITE, "/data/b.json")
    assert isinstance(first, Request)
    assert isinstance(redirected(first.url, "http://other.example/", request=first), Response)


@pytest.mark.parametrize("location", ["http://site.example:99999/a", "http://[/a", "http://site.example:port/a"])
def test_a_redirect_to_what_is_no_address_is_handed_over_as_it_is(location: str) -> None:
    assert isinstance(redirected(SITE, location), Response)
