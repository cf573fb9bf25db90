"""Faults of the connection, as a client sees them. None of them is told by the clock."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from inferencemax_spider.catalog import MODELS, SEQUENCES
from inferencemax_spider.demo import Dataset, DemoSite, Fault, GeneratedContent

from .client import ask, connect, get
from .conftest import Start

PATH = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"
FOREVER = 100_000
"""Seconds that no test lives to see the end of."""


@pytest.fixture(scope="module")
def body(dataset: Dataset) -> bytes:
    return dataset.body(MODELS[1], SEQUENCES[0], "e2e")


def test_truncate(start: Start, body: bytes) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(start("truncate").url(PATH))
    assert caught.value.partial == body[: len(body) // 2]
    assert caught.value.expected == len(body) - len(body) // 2


def test_chunk_truncate(start: Start, body: bytes) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(start("chunk_truncate").url(PATH))
    assert caught.value.partial == body[: len(body) // 2]


def test_close(start: Start) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        get(start("close").url(PATH))


def test_slow_body_is_whole_in_the_end(start: Start, body: bytes) -> None:
    assert get(start("slow_body=0.02").url(PATH)).body == body
    assert get(start("slow_body=0.02", "redirect").url(PATH)).status == 302


@pytest.mark.parametrize("fault", [f"slow_body={FOREVER}", "stall"])
def test_the_headers_arrive_before_the_body(content: GeneratedContent, body: bytes, fault: str) -> None:
    with DemoSite(content, [Fault.parse(fault)]) as site, closing(connect(site.base_url)) as connection:
        connection.request("GET", PATH)
        response = connection.getresponse()
        assert response.headers["Content-Length"] == str(len(body))
        site.stop()
        with pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        assert caught.value.partial == b""


def test_latency_holds_one_answer_back_and_not_the_others(content: GeneratedContent) -> None:
    with ThreadPoolExecutor(1) as pool, DemoSite(content, [Fault.parse(f"latency={FOREVER}@*e2e.json")]) as site:
        late = pool.submit(get, site.url(PATH))
        while not site.requests:
            assert not late.done()
        assert get(site.url(PATH.replace("e2e", "interactivity"))).status == 200
        assert not late.done()
        site.stop()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            late.result()


def test_latencies_add_up_and_the_answer_is_whole(start: Start, body: bytes) -> None:
    assert get(start("latency=0.01", "latency=0.01").url(PATH)).body == body


def test_the_site_may_be_late_as_a_whole(content: GeneratedContent) -> None:
    with ThreadPoolExecutor(1) as pool, DemoSite(content, latency=FOREVER) as site:
        late = pool.submit(get, site.url("/robots.txt"))
        while not site.requests:
            assert not late.done()
        site.stop()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            late.result()


def test_a_site_that_stalls_survives_a_client_that_leaves(
    start: Start, body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    site = start("stall,times=1")
    with closing(connect(site.base_url)) as connection:
        connection.request("GET", PATH)
        connection.getresponse().close()
    assert get(site.url(PATH)).body == body
    site.stop()
    assert capfd.readouterr() == ("", "")


def test_a_connection_that_the_site_gives_up_is_no_error(
    content: GeneratedContent, capfd: pytest.CaptureFixture[str]
) -> None:
    with DemoSite(content, latency=FOREVER) as site, closing(connect(site.base_url)) as connection:
        connection.request("GET", PATH)
        while not site.requests:
            pass
        site.stop()
    assert capfd.readouterr() == ("", "")


def test_a_transport_fault_carries_a_damaged_body(start: Start) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(start("truncate", "empty").url(PATH))
    assert caught.value.partial == b"["


def test_of_two_ways_to_send_the_last_one_is_taken(start: Start) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        get(start("stall", "close").url(PATH))


def test_a_fault_passes_after_its_times(start: Start, body: bytes) -> None:
    site = start("close,times=2@*-e2e.json")
    for _ in range(2):
        with pytest.raises(http.client.RemoteDisconnected):
            get(site.url(PATH))
    assert get(site.url(PATH)).body == body


def test_a_connection_outlives_a_fault_of_the_answer(start: Start, body: bytes) -> None:
    site = start("status=503,times=1")
    with closing(connect(site.base_url)) as connection:
        assert ask(connection, PATH).status == 503
        assert ask(connection, PATH).body == body
