"""The live API: a site of it, and crawls of that with ``inferencex``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.demo import DemoSite, Fault
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from tests.crawl import runs
from tests.crawl.runs import Run


@pytest.fixture(scope="module")
def dataset() -> ApiDataset:
    return ApiDataset()


@pytest.fixture
def start(dataset: ApiDataset) -> Iterator[Callable[..., DemoSite]]:
    """Return a function that starts a site of the live API, with faults in their text form."""
    with ExitStack() as stack:

        def started(*specs: str, content: Any = None, idle_seconds: float = 5, **options: Any) -> DemoSite:
            content = content or ApiContent(dataset, **options)
            faults = [Fault.parse(spec) for spec in specs]
            return stack.enter_context(DemoSite(content, faults, idle_seconds=idle_seconds))

        yield started


@pytest.fixture
def crawl(tmp_path: Path) -> Callable[..., Run]:
    """Return a function that crawls a site with ``inferencex``."""

    def crawled(site: DemoSite | None, *args: str, **settings: object) -> Run:
        root = tmp_path / "output" / "inferencex"
        before = set(root.glob("2*")) if root.is_dir() else set()
        base_url = ("-a", f"base_url={site.base_url}") if site else ()
        options = [f"-s{name}={value}" for name, value in {"OUTPUT_DIR": tmp_path / "output", **settings}.items()]
        process = runs.begin(runs.scrapy("crawl", "inferencex", *base_url, *args, *options))
        return runs.end(process, lambda: next(iter(set(root.glob("2*")) - before), None))

    return crawled
