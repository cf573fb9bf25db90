"""A site of both generations, and where collections of it go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inferencemax_spider.demo import Content, Dataset, DemoSite, Fault, GeneratedContent
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from inferencemax_spider.demo.content import LayeredContent
from tests.collecting.collected import Start


@pytest.fixture(scope="module")
def content() -> Content:
    return LayeredContent(ApiContent(ApiDataset()), GeneratedContent(Dataset()))


@pytest.fixture
def start(content: Content) -> Iterator[Start]:
    """Return a function that starts a site of both generations, with faults in their text form."""
    with ExitStack() as stack:
        yield lambda *specs: stack.enter_context(DemoSite(content, [Fault.parse(spec) for spec in specs]))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"
