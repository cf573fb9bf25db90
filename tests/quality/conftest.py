"""One real version of each generation, and stores of versions that are made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crawl import runs
from tests.quality.versions import Store


def _crawled(spider: str, output: Path) -> Path:
    process = runs.begin(runs.scrapy("demo", spider, f"-sOUTPUT_DIR={output}"))
    run = runs.end(process, (output / spider / "latest").resolve)
    assert run.status == 0, run.output
    return run.place


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a version of the static generation."""
    return _crawled("inferencemax", tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a version of the live API."""
    return _crawled("inferencex", tmp_path_factory.mktemp("live"))


@pytest.fixture
def points(tmp_path: Path, static: Path) -> Store:
    """Return an empty store of versions of the static generation."""
    return Store(tmp_path / "inferencemax", static)


@pytest.fixture
def rows(tmp_path: Path, live: Path) -> Store:
    """Return an empty store of versions of the live API."""
    return Store(tmp_path / "inferencex", live)
