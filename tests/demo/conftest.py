"""One dataset for all tests, and sites that are stopped when their test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from inferencemax_spider.demo import Dataset, DemoSite, Fault, GeneratedContent

Start = Callable[..., DemoSite]


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset()


@pytest.fixture(scope="session")
def content(dataset: Dataset) -> GeneratedContent:
    return GeneratedContent(dataset)


@pytest.fixture
def start(content: GeneratedContent) -> Iterator[Start]:
    """Return a function that starts a site with faults in their text form."""
    with ExitStack() as stack:

        def started(*specs: str) -> DemoSite:
            return stack.enter_context(DemoSite(content, [Fault.parse(spec) for spec in specs]))

        yield started
