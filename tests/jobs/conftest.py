"""A daemon with the project on it, and the demo site that its jobs crawl: one of each for all tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import Content, Dataset, DemoSite, Fault, GeneratedContent
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from inferencemax_spider.demo.content import LayeredContent
from tests.crawl import runs
from tests.crawl.runs import REPO
from tests.jobs import daemons
from tests.jobs.daemons import Daemon, Whole
from tests.jobs.fleets import outputs


@pytest.fixture(scope="session")
def content() -> Content:
    """Return what both generations of the site serve."""
    return LayeredContent(ApiContent(ApiDataset()), GeneratedContent(Dataset()))


@pytest.fixture(scope="session")
def site(content: Content) -> Iterator[str]:
    with DemoSite(content) as served:
        yield served.base_url


@pytest.fixture
def slow_site(content: Content) -> Iterator[str]:
    with DemoSite(content, [Fault.parse("latency=0.5")]) as served:
        yield served.base_url


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return daemons.source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Iterator[Daemon]:
    started = Daemon(tmp_path_factory.mktemp("scrapyd") / "node")
    with started.running():
        run = daemons.deployed(started, "--source", str(source))
        assert run.status == 0, run.output
        yield started


@pytest.fixture(scope="session")
def whole(daemon: Daemon, site: str, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    feed = tmp_path_factory.mktemp("feed") / "a b%.csv"
    feeds = json.dumps({str(feed): {"format": "csv"}})
    args = ("-s", f"FEEDS={feeds}", "-s", "CONCURRENT_REQUESTS=2")
    job = daemon.schedule(site, *args, "--slot", "whole")
    return Whole(args, job, daemon.ended(job), feed)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(REPO / "scrapy.cfg", folder)
    return folder


@pytest.fixture(scope="session")
def unsharded(site: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files that one run of the live API gives."""
    output = tmp_path_factory.mktemp("unsharded")
    run = daemons.finished(
        runs.scrapy("crawl", "inferencex", "-a", f"base_url={site}", "-s", f"OUTPUT_DIR={output}"), {}
    )
    assert run.status == 0, run.output
    return outputs((output / "inferencex" / "latest").resolve())
