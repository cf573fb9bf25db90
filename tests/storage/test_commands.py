"""What finds and publishes versions for others does so on an object store, too."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inferencemax_spider.notify.channels import VARIABLE
from inferencemax_spider.serve import asked
from inferencemax_spider.serve.app import WORKERS
from inferencemax_spider.serve.source import Source
from inferencemax_spider.versions.stored import RECORDS
from tests.crawl import runs
from tests.crawl.runs import SMALL, SPIDER
from tests.notify.receivers import web_server
from tests.serve import services
from tests.serve.services import address
from tests.storage.outputs import ELSEWHERE, NEW, Output

BOTH = ("-a", "models=gpt-oss-120b", "-a", "sequences=1k1k")


def test_a_collection_is_published_on_the_store(output: Output) -> None:
    site = ("-a", f"base_url={output.site}")
    run = output.command("collect", SPIDER, "--fallback", "inferencex", *site, *SMALL, machine=ELSEWHERE)
    assert run.status == 0, run.output
    assert f"COMPLETE: {output.url}/collect/" in run.stdout
    (version,) = output.whole("collect")
    assert version == output.latest("collect")
    own = output.objects(output.latest())
    published = output.objects(version, "collect")
    assert {name: data for name, data in published.items() if name not in {"summary.json", ".claim"}} == {
        name: data for name, data in own.items() if name not in {"summary.json", ".claim"}
    }
    assert output.summary(version, "collect")["collected_by"] == SPIDER
    again = output.command("check-run", "collect/latest", machine=NEW)
    assert again.status == 0, again.output


def test_two_sources_on_the_store_are_compared(output: Output) -> None:
    output.crawl(machine=ELSEWHERE)
    output.crawl(*BOTH, spider="inferencex", machine=ELSEWHERE)
    run = output.command("crosscheck", SPIDER, "inferencex", "--format", "json", machine=NEW)
    assert run.status == 3, run.output
    document = json.loads(run.stdout)
    assert document["verdict"]


@pytest.mark.usefixtures("environment")
def test_the_data_service_follows_the_store(output: Output, tmp_path: Path) -> None:
    first = output.crawl(machine=ELSEWHERE)
    with services.serving(output.url, "-s", f"MIRROR_DIR={tmp_path / 'served'}") as service:
        versions = f"/v1/spiders/{SPIDER}/versions"
        (row,) = service.json(versions)["versions"]
        assert (row["version"], row["size"]) == (first, sum(map(len, output.objects(first).values())))
        table = service.table(address(SPIDER), limit=1000)
        assert table.num_rows == output.summary(first)["records"]
        merged = service.ask(address(SPIDER, first, "files/inference_max_merged.csv"))
        assert merged.body == output.objects(first)["inference_max_merged.csv"]
        second = output.crawl(machine=ELSEWHERE)
        runs.until(lambda: len(service.json(versions)["versions"]) == 2, "the service knows the second version")
        assert service.json(address(SPIDER, part=""))["version"] == second
        with (
            output.server.fault("HEAD", "", "hold", status="403 Forbidden") as fault,
            ThreadPoolExecutor(2 * WORKERS) as pool,
        ):
            said = "the service says that the store does not answer"
            waiting = [
                pool.submit(runs.until, lambda: service.ask(versions).status == 503, said) for _ in range(2 * WORKERS)
            ]
            fault.wait()
            assert service.ask("/healthz").status == 200
            fault.kind = "status"
            fault.released.set()
            for one in waiting:
                one.result()
            assert "the object store does not answer: " in services.problem(service.ask(versions), 503)
        runs.until(lambda: service.ask(versions).status == 200, "the service says that the store answers again")
        assert len(service.json(versions)["versions"]) == 2


def test_a_collection_without_its_store_is_told_to_who_wants_to_know(output: Output) -> None:
    site = ("-a", f"base_url={output.site}")
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    with web_server() as web:
        process = output.begin(
            "collect", SPIDER, "--fallback", "inferencex", *site, *SMALL, **away, **{VARIABLE: web.url}
        )
        _, said = process.communicate(timeout=runs.TIMEOUT)
    assert process.returncode == 1
    assert "scrapy collect: warning: what was published before is not known: cannot " in said
    assert [post["title"] for post in web.posts] == ["inferencemax-spider: collect FAILED"]


def test_a_latest_that_cannot_be_moved_makes_a_run_incomplete(output: Output) -> None:
    with output.server.fault("PUT", f"{SPIDER}/latest"):
        run = output.command(*output.crawling())
    assert run.status == 3, run.output
    assert "it is published, but latest does not lead to it: cannot write " in run.output
    (version,) = output.whole()
    assert output.crawl() > version


def test_versions_of_shards_are_found_where_no_listing_has_them(output: Output) -> None:
    output.crawl(machine=ELSEWHERE)
    with output.server.frozen_listings():
        run = output.command(*output.crawling("-a", "models=gpt-oss", "-a", "shard=1/1"), machine=ELSEWHERE)
        assert run.status == 0, run.output
        name = f"{SPIDER}-shard-1-of-1"
        url = f"{output.url}/{name}/{output.latest(name)}"
        combined = output.command("combine", SPIDER, url, machine=NEW)
    assert combined.status == 0, combined.output


@pytest.mark.usefixtures("environment")
def test_what_cannot_be_fetched_is_no_fault_of_a_version(output: Output, tmp_path: Path) -> None:
    versions = [output.crawl(machine=ELSEWHERE), output.crawl(machine=ELSEWHERE)]
    history = f"/v1/spiders/{SPIDER}/history"
    with services.serving(output.url, "-s", f"MIRROR_DIR={tmp_path / 'served'}") as service:
        with output.server.fault("GET", f"{versions[1]}/{RECORDS}", status="403 Forbidden"):
            for path in (history, address(SPIDER, versions[1]), address(SPIDER, versions[1], f"files/{RECORDS}")):
                assert "the object store does not answer: " in services.problem(service.ask(path), 503)
        whole = service.json(history)
        assert {row["version"] for row in whole["records"]} == {f"{SPIDER}/{name}" for name in versions}
        assert whole["passed_over"] == []


@pytest.mark.usefixtures("environment")
def test_what_is_damaged_on_the_store_is_passed_over(output: Output, tmp_path: Path) -> None:
    version = output.crawl(machine=ELSEWHERE)
    output.fs.pipe_file(f"{output.place}/{SPIDER}/{version}/{RECORDS}", b"damaged")
    with services.serving(output.url, "-s", f"MIRROR_DIR={tmp_path / 'served'}") as service:
        assert "scrapy versions verify" in services.problem(service.ask(address(SPIDER, version)), 500)
        assert service.json(f"/v1/spiders/{SPIDER}/history")["passed_over"] == [version]


@pytest.mark.usefixtures("environment")
def test_what_the_store_lists_is_asked_once_for_all(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    version = output.crawl()
    monkeypatch.setattr(asked, "FRESH_SECONDS", math.inf)
    source = Source(output.mirror(), lambda: None)
    (first,) = source.rows(SPIDER)
    assert (first.version, first.size) == (version, sum(map(len, output.objects(version).values())))
    before = len(output.server.app.requests)
    assert source.rows(SPIDER) == [first]
    assert len(output.server.app.requests) == before
