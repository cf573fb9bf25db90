"""A site to crawl, an S3-compatible server, and outputs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import Content, Dataset, DemoSite, GeneratedContent
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from inferencemax_spider.demo.content import LayeredContent
from tests.storage.outputs import Output
from tests.storage.server import Server


@pytest.fixture(scope="session")
def content() -> Content:
    """Return what both generations of the site serve."""
    return LayeredContent(ApiContent(ApiDataset()), GeneratedContent(Dataset()))


@pytest.fixture(scope="session")
def site(content: Content) -> Iterator[DemoSite]:
    with DemoSite(content) as served:
        yield served


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as started:
        yield started


@pytest.fixture
def output(server: Server, site: DemoSite, tmp_path: Path) -> Output:
    """Return an output of the test's own, with nothing in it."""
    return Output(server, f"{server.bucket()}/runs", site.base_url, tmp_path)


@pytest.fixture
def environment(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process what commands have in their environment."""
    for name, value in output.server.environment.items():
        monkeypatch.setenv(name, value)
