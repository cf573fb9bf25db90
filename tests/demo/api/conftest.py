"""One dataset for all tests of the API, and a site that publishes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import ApiContent, ApiDataset

from .client import Api

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "api-v1-2026-05"
Serve = Callable[..., Api]


@pytest.fixture(scope="session")
def dataset() -> ApiDataset:
    return ApiDataset()


@pytest.fixture(scope="session")
def api(dataset: ApiDataset) -> Iterator[Api]:
    """Return the API of the default dataset, on a site without faults."""
    with DemoSite(ApiContent(dataset)) as site:
        yield Api(site)


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Return the folder of recorded bodies."""
    if not RECORDED.is_dir():
        pytest.skip(f"no recorded responses: {RECORDED} is missing")
    return RECORDED
