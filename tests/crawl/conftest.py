"""Sites to crawl, crawls that write into a folder of their own, and one healthy run that many tests read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from inferencemax_spider.demo import Content, Dataset, DemoSite, Fault, GeneratedContent
from tests.crawl import runs
from tests.crawl.runs import Run

Start = Callable[..., DemoSite]


class Crawl(Protocol):
    """Crawl a site (its base URL, or ``None`` for the default one) with arguments and settings, to the end."""

    def __call__(self, site: DemoSite | str | None, *args: str, **settings: object) -> Run: ...


@dataclass(frozen=True)
class Healthy:
    """A crawl of all endpoints in which nothing went wrong, and the site as it was crawled."""

    run: Run
    site: DemoSite
    output: Path


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(name): the test shows the row called so of docs/faults.md")


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset()


@pytest.fixture(scope="session")
def content(dataset: Dataset) -> GeneratedContent:
    return GeneratedContent(dataset)


@pytest.fixture
def start(content: GeneratedContent) -> Iterator[Start]:
    """Return a function that starts a site, by default of the demo's data, with faults in their text form."""
    with ExitStack() as stack:

        def started(*specs: str, content: Content = content, **options: Any) -> DemoSite:
            return stack.enter_context(DemoSite(content, [Fault.parse(spec) for spec in specs], **options))

        yield started


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return the OUTPUT_DIR of the test's crawls."""
    return tmp_path / "output"


@pytest.fixture
def crawl(output: Path) -> Crawl:
    return crawling(output)


def crawling(output: Path) -> Crawl:
    """Return the function that crawls into *output*."""

    def crawled(site: DemoSite | str | None, *args: str, **settings: object) -> Run:
        before = runs.folders(output)
        base_url = site.base_url if isinstance(site, DemoSite) else site
        process = runs.begin(runs.crawl_command(base_url, output, args, settings))
        return runs.end(process, lambda: runs.added(output, before))

    return crawled


def selected(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """Return the parameters called *name* of all tests that are going to run, by their text, once each.

    A fixture that knows them can run their commands as many at a time as there are processors.
    """
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    values = [call.params[name] for call in calls if call and name in call.params]
    return {str(value): value for value in values}


@pytest.fixture(scope="session")
def healthy(content: GeneratedContent, tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    output = tmp_path_factory.mktemp("healthy")
    with DemoSite(content) as site:
        return Healthy(crawling(output)(site), site, output)
