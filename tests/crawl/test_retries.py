"""Retries: how long they wait, how they are counted, and the curl line that does by hand what they did."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from itertools import pairwise
from urllib.request import Request, urlopen

import pytest

from inferencemax_spider.demo import DemoSite
from tests.crawl.conftest import Crawl, Start
from tests.crawl.runs import BROKEN, IMPATIENT, SMALL, TIMEOUT, Run

ONE = (*SMALL, "-a", "data_types=e2e")


def waited(run: Run) -> float:
    return float(run.summary["timings"]["retry_wait_seconds"])


def gaps(site: DemoSite) -> list[float]:
    """Return the seconds between the requests of the endpoint."""
    times = [request.time for request in site.requests if request.path.endswith(BROKEN)]
    return [later - earlier for earlier, later in pairwise(times)]


def test_retry_after_in_seconds_is_honoured(start: Start, crawl: Crawl) -> None:
    site = start(f"retry_after=1,code=429,times=1@{BROKEN}")
    run = crawl(site, *ONE, RETRY_BACKOFF=0.01)
    assert run.status == 0
    assert waited(run) == 1.0
    assert gaps(site)[0] >= 1.0
    assert run.endpoints[0]["attempts"] == 2


def test_retry_after_as_a_date_is_honoured(start: Start, crawl: Crawl) -> None:
    site = start(f"retry_after=2,http_date=1,times=1@{BROKEN}")
    run = crawl(site, *ONE, RETRY_BACKOFF=0.01)
    assert run.status == 0
    # The date has whole seconds, and a moment passes before it is read.
    assert 0.5 <= waited(run) <= 2.0
    assert gaps(site)[0] >= waited(run)


@pytest.mark.parametrize("form", ["retry_after=3600", "retry_after=3600,http_date=1"])
def test_retry_after_is_bounded(form: str, start: Start, crawl: Crawl) -> None:
    run = crawl(start(f"{form},times=2@{BROKEN}"), *ONE, RETRY_WAIT_MAX=0.2)
    assert run.status == 0
    assert waited(run) == pytest.approx(0.4)
    assert run.endpoints[0]["attempts"] == 3


def test_without_retry_after_each_wait_is_twice_as_long(start: Start, crawl: Crawl) -> None:
    site = start(f"status=503@{BROKEN}")
    run = crawl(site, *ONE, RETRY_TIMES=3, RETRY_BACKOFF=0.1)
    assert run.status == 1
    assert run.endpoints[0]["attempts"] == 4
    assert run.summary["timings"]["retries"] == 3
    assert 0.75 * 0.7 <= waited(run) <= 1.25 * 0.7
    assert [gap >= 0.75 * 0.1 * 2**place for place, gap in enumerate(gaps(site))] == [True] * 3


def test_the_curl_line_of_a_failure_asks_for_the_endpoint_again(start: Start, crawl: Crawl) -> None:
    site = start(f"status=503,times=2@{BROKEN}")
    run = crawl(site, *SMALL, **IMPATIENT)
    (failure,) = run.lines("failures.jsonl")
    assert failure["attempts"] == 2
    assert by_hand(failure["curl"]) == site.resource(f"/data/inference-performance/{BROKEN}", "").body
    ours, theirs = (request.headers for request in site.requests if request.path.endswith(BROKEN) and request.count > 1)
    assert {name: theirs[name] for name in ("accept", "user-agent")} == {
        name: ours[name] for name in ("accept", "user-agent")
    }


def by_hand(line: str) -> bytes:
    """Run a curl *line*, or do what it says where there is no curl; return the body."""
    arguments = shlex.split(line)
    if shutil.which("curl"):
        return subprocess.run(
            [*arguments, "--silent", "--show-error"], check=True, capture_output=True, timeout=TIMEOUT
        ).stdout
    headers = [value.split(": ", 1) for option, value in pairwise(arguments) if option == "-H"]
    url = next(argument for argument in arguments if argument.startswith("http"))
    with urlopen(Request(url, headers=dict(headers)), timeout=TIMEOUT) as response:  # noqa: S310 - a loopback URL
        body: bytes = response.read()
        return body
