"""Nothing goes wrong: what the page shows is what the endpoints have, to the last byte."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

from inferencemax_spider.demo import Content, DemoSite
from tests.crawl import runs
from tests.crawl.runs import Run
from tests.dashboard.conftest import Crawl, Start, crawl_into

FILES = (
    "inference_max_e2e.csv",
    "inference_max_interactivity.csv",
    "inference_max_merged.csv",
    "benchmarks.parquet",
)
NOWHERE = {"PATH": "/nowhere"}


@dataclass(frozen=True)
class Both:
    """The same site, crawled through its endpoints and through its page."""

    output: Path
    site: DemoSite
    api: Run
    page: Run
    asked: list[str]


def both(output: Path, content: Content, spider: str) -> Both:
    """Crawl *content* with *spider* and with ``dashboard``."""
    with DemoSite(content) as site:
        api = crawl_into(output, site, spider=spider)
        before = len(site.requests)
        page = crawl_into(output, site)
    asked = [f"{request.path}?{request.query}".rstrip("?") for request in site.requests[before:]]
    return Both(output, site, api, page, asked)


@pytest.fixture(scope="module")
def of_2025(older: Content, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(tmp_path_factory.mktemp("2025"), older, "inferencemax")


@pytest.fixture(scope="module")
def of_2026(newer: Content, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(tmp_path_factory.mktemp("2026"), newer, "inferencex")


@pytest.fixture(params=["2025", "2026"])
def crawled(request: pytest.FixtureRequest) -> Both:
    found: Both = request.getfixturevalue(f"of_{request.param}")
    return found


def test_the_page_of_2025_gives_18_endpoints_and_the_files_of_the_api_spider(of_2025: Both) -> None:
    assert (of_2025.page.status, of_2025.api.status) == (0, 0)
    assert of_2025.page.summary["generation"] == "2025"
    assert [entry["state"] for entry in of_2025.page.endpoints] == ["ok"] * 18
    for name in FILES:
        assert of_2025.page.read(name) == of_2025.api.read(name), name
    assert of_2025.page.summary["records"] == of_2025.api.summary["records"] > 0
    assert of_2025.page.summary["hwkeys"] == of_2025.api.summary["hwkeys"]


def test_the_page_of_2026_gives_all_models_and_the_records_of_the_api_spider(of_2026: Both) -> None:
    assert (of_2026.page.status, of_2026.api.status) == (0, 0)
    assert of_2026.page.summary["generation"] == "2026"
    models = {entry["model"]: entry["sha256"] for entry in of_2026.page.endpoints if entry["model"]}
    assert models == {entry["model"]: entry["sha256"] for entry in of_2026.api.endpoints if entry["model"]}
    assert len(models) == 6
    for name in FILES[:3]:
        page, api = (sorted(run.read(name).splitlines()) for run in (of_2026.page, of_2026.api))
        assert page == api, name


def test_each_raw_body_is_what_was_served(crawled: Both) -> None:
    checked = 0
    for path in sorted((crawled.page.place / "raw").iterdir()):
        metadata, body = crawled.page.raw(path.name)
        url = urlsplit(metadata["url"])
        assert body == crawled.site.resource(url.path, url.query).body
        assert metadata["http_status"] == 200
        checked += 1
    assert checked == len(crawled.page.endpoints)


def test_the_difference_to_the_api_spider_is_none(crawled: Both) -> None:
    spider = crawled.api.summary["spider"]
    command = runs.scrapy("diff", f"{spider}/latest", "dashboard/latest", "-s", f"OUTPUT_DIR={crawled.output}")
    compared = subprocess.run(command, cwd=runs.REPO, capture_output=True, text=True, check=False)
    assert compared.returncode == 0, compared.stdout + compared.stderr


def test_the_page_is_loaded_as_by_a_visitor_who_wants_no_pictures(crawled: Both) -> None:
    paths = [path.partition("?")[0] for path in crawled.asked]
    assert paths[0] == "/robots.txt"
    assert not [path for path in paths if path.endswith((".svg", ".png", ".ico"))]
    assert not [path for path in paths if "openapi" in path]
    assert paths.count("/robots.txt") == 1


def test_the_visitor_says_who_it_is(of_2025: Both) -> None:
    agents = {request.headers["user-agent"] for request in of_2025.site.requests}
    assert len(agents) == 1
    assert "inferencemax-spider/" in agents.pop()


def test_on_the_page_of_2026_each_model_is_asked_for_once(of_2026: Both) -> None:
    asked = [path for path in of_2026.asked if path.startswith("/api/v1/benchmarks?")]
    # The page's default model is there already when the page is looked at, and needs no page of its own.
    assert len(asked) == len(set(asked)) == 6
    assert len([path for path in of_2026.asked if path.startswith("/inference")]) == 6


def test_a_replay_gives_the_same_files_without_a_browser(crawled: Both) -> None:
    output = crawled.output / "replayed"
    args = ("-a", f"replay={crawled.page.place}", "-s", f"OUTPUT_DIR={output}")
    process = runs.begin(runs.scrapy("crawl", "dashboard", *args), NOWHERE)
    again = runs.end(process, (output / "dashboard" / "latest").resolve)
    assert again.status == 0, again.output
    assert again.summary["timings"]["requests"] == 0
    assert again.summary["generation"] == crawled.page.summary["generation"]
    for name in FILES:
        assert again.read(name) == crawled.page.read(name), name


def test_the_page_of_2026_gives_the_same_by_clicks(newer: Content, of_2026: Both, start: Start, crawl: Crawl) -> None:
    site = start(newer)
    run = crawl(site, "-a", "select=click")
    assert run.status == 0
    for name in FILES:
        assert run.read(name) == of_2026.page.read(name), name
    assert len([request for request in site.requests if request.path == "/inference"]) == 1


def test_a_sequence_is_chosen_without_waiting_for_an_answer(newer: Content, start: Start, crawl: Crawl) -> None:
    site = start(newer)
    asked = ("-a", "models=gpt-oss,dsr1", "-a", "sequences=1k/8k")
    run = crawl(site, *asked, "-a", "select=click")
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert run.status == 0
    assert set(table["sequence_length"]) == {"1k-8k"}
    assert set(table["model"]) == {"gptoss120b", "dsr1"}
    by_address = crawl(site, *asked)
    assert by_address.read(FILES[0]) == run.read(FILES[0])
    assert any("i_seq=1k%2F8k" in request.query for request in site.requests)


def test_models_can_be_named_as_in_either_generation(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older), "-a", "models=gptoss120b", "-a", "sequences=8k1k")
    assert run.status == 0
    assert [entry["model"] for entry in run.endpoints] == ["gpt-oss 120B"] * 2


def test_a_model_that_the_page_does_not_have_is_named(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older), "-a", "models=gpt-oss,nope", "-a", "sequences=8k1k")
    assert run.status == 3
    assert "no model is called 'nope'; valid: DeepSeek R1 0528, " in run.stdout


def test_a_page_that_has_no_addresses_is_not_selected_by_them(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older), "-a", "select=url")
    assert run.status == 1
    assert "the page of 2025 takes no selection from its address; use select=click" in run.stdout


def test_shards_of_a_page_are_put_together(older: Content, of_2025: Both, start: Start, output: Path) -> None:
    site = start(older)
    for shard in ("1/2", "2/2"):
        part = crawl_into(output, site, "-a", f"shard={shard}")
        assert part.status == 0, part.output
    command = runs.scrapy("combine", "dashboard", "-s", f"OUTPUT_DIR={output}")
    combined = subprocess.run(command, cwd=runs.REPO, capture_output=True, text=True, check=False)
    assert combined.returncode == 0, combined.stdout + combined.stderr
    for name in FILES:
        assert (output / "dashboard" / "latest" / name).read_bytes() == of_2025.page.read(name), name
