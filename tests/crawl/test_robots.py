"""robots.txt is obeyed by every request, unless the user says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from inferencemax_spider.demo import GeneratedContent, Resource
from tests.crawl.conftest import Crawl, Start
from tests.crawl.runs import BROKEN, IMPATIENT, SMALL


@dataclass(frozen=True)
class Ruled:
    """The demo's data under a robots.txt of one's own."""

    content: GeneratedContent
    rules: str

    def get(self, path: str, query: str) -> Resource | None:
        """Return the rules or the data."""
        if path == "/robots.txt":
            return Resource(self.rules.encode(), "text/plain; charset=utf-8")
        return self.content.get(path, query)


@pytest.fixture
def forbidding(content: GeneratedContent) -> Ruled:
    return Ruled(content, "User-agent: *\nDisallow: /data/\n")


@pytest.mark.fault("robots.txt forbids the endpoints")
def test_forbidden_endpoints_are_not_asked_for(forbidding: Ruled, start: Start, crawl: Crawl) -> None:
    site = start("latency=0.5@robots.txt", content=forbidding)
    run = crawl(site)
    assert run.status == 1
    assert run.summary["endpoints"]["failed"] == 18
    assert [request.path for request in site.requests] == ["/robots.txt"]
    assert all(entry["reason"].startswith("forbidden by the site's robots.txt") for entry in run.endpoints)


def test_a_rule_holds_for_the_paths_it_names(content: GeneratedContent, start: Start, crawl: Crawl) -> None:
    rules = f"User-agent: *\nDisallow: /data/inference-performance/{BROKEN}\n"
    run = crawl(start(content=Ruled(content, rules)), *SMALL)
    assert run.status == 3
    assert [entry["state"] for entry in run.endpoints] == ["failed", "ok"]


def test_it_can_be_overridden(forbidding: Ruled, start: Start, crawl: Crawl) -> None:
    site = start(content=forbidding)
    assert crawl(site, *SMALL, ROBOTSTXT_OBEY=0).status == 0
    assert "/robots.txt" not in {request.path for request in site.requests}


@pytest.mark.parametrize("spec", ["status=404@/robots.txt", "status=500@/robots.txt", "close@/robots.txt"])
def test_a_site_without_rules_is_crawled(spec: str, start: Start, crawl: Crawl) -> None:
    assert crawl(start(spec), *SMALL, **IMPATIENT).status == 0
