"""Sites with the dashboard's page of either generation, and crawls of them in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inferencemax_spider import browser
from inferencemax_spider.demo import (
    Content,
    Dataset,
    DemoSite,
    Fault,
    GeneratedContent,
    LayeredContent,
    PagesContent,
    page_2025,
    pages_2026,
)
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from inferencemax_spider.demo.api import models as api_models
from tests.crawl import runs
from tests.crawl.runs import Run

Start = Callable[..., DemoSite]
Crawl = Callable[..., Run]


@pytest.fixture(scope="session", autouse=True)
def a_browser() -> None:
    """Let a machine without a browser fail here, and say so once."""
    with browser.chromium():
        pass


@pytest.fixture(scope="session")
def older() -> Content:
    """Return the site of 2025."""
    return LayeredContent(GeneratedContent(Dataset()), PagesContent(older=page_2025()))


@pytest.fixture(scope="session")
def newer() -> Content:
    """Return the site of 2026."""
    names = {model.name: model.keys for model in api_models(6)}
    return LayeredContent(ApiContent(ApiDataset()), PagesContent(newer=pages_2026(names)))


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a site with this content, and with faults in their text form."""
    with ExitStack() as stack:

        def started(content: Content, *specs: str) -> DemoSite:
            return stack.enter_context(DemoSite(content, [Fault.parse(spec) for spec in specs]))

        yield started


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return the OUTPUT_DIR of the test's crawls."""
    return tmp_path / "output"


@pytest.fixture
def crawl(output: Path) -> Crawl:
    """Return the function that crawls a site into *output*."""

    def crawled(site: DemoSite | None, *args: str, spider: str = "dashboard", **settings: object) -> Run:
        return crawl_into(output, site, *args, spider=spider, **settings)

    return crawled


def command(
    output: Path, site: DemoSite | None, *args: str, spider: str = "dashboard", **settings: object
) -> list[str]:
    """Return the command line of a crawl of *site* into *output*."""
    base_url = ("-a", f"base_url={site.base_url}") if site else ()
    options = [f"-s{name}={value}" for name, value in {"OUTPUT_DIR": output, **settings}.items()]
    return runs.scrapy("crawl", spider, *base_url, *args, *options)


def folders(output: Path, spider: str = "dashboard") -> set[Path]:
    """Return the versions, and the hidden folders, of *spider* in *output*."""
    return {path for path in (output / spider).glob("*") if not path.is_symlink()}


def crawl_into(output: Path, site: DemoSite | None, *args: str, spider: str = "dashboard", **settings: object) -> Run:
    """Crawl *site* into *output*, to the end."""
    before = folders(output, spider)
    process = runs.begin(command(output, site, *args, spider=spider, **settings))
    return runs.end(process, lambda: next(iter(folders(output, spider) - before), None))
