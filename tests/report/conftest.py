"""Versions to report on, made by real runs, and a real browser that looks at the reports."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from inferencemax_spider import browser as headless
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.report import page as report
from tests.crawl import runs
from tests.report.views import View

Look = Callable[..., View]


def demo(output: Path, spider: str, *options: str) -> Path:
    """Return the version that a crawl of the demo site leaves in *output*."""
    command = runs.scrapy("demo", spider, "-s", f"OUTPUT_DIR={output}", "--nolog", *options)
    subprocess.run(command, cwd=runs.REPO, check=False, capture_output=True, timeout=runs.TIMEOUT)
    return (output / spider / "latest").resolve()


def summary_of(version: Path) -> dict[str, Any]:
    """Return the summary of *version*."""
    found: dict[str, Any] = json.loads((version / "summary.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a version of the live API, all models, with its report."""
    version = demo(tmp_path_factory.mktemp("live"), "inferencex")
    report.write(version, summary_of(version))
    return version


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a version of the static generation, with its report."""
    version = demo(tmp_path_factory.mktemp("static"), "inferencemax")
    report.write(version, summary_of(version))
    return version


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a browser of the module: while one is open, Playwright's event loop runs in this thread."""
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(headless.chromium())
        except OperationalError as error:
            if headless.executable():
                raise
            pytest.skip(str(error))
        yield browser


@pytest.fixture
def look(chromium: Browser) -> Iterator[Look]:
    """Return the function that opens the report in a folder; no page may complain, or go out."""
    with ExitStack() as stack:
        yield lambda folder, fragment="", **options: stack.enter_context(seen(chromium, folder, fragment, **options))


@pytest.fixture(scope="module")
def _opened(chromium: Browser, live: Path) -> Iterator[View]:
    with seen(chromium, live) as view:
        yield view


@pytest.fixture
def view(_opened: View) -> View:
    """Return the report of the live version with nothing selected yet; what it costs is to open it, so once."""
    _opened.reset()
    return _opened


@contextmanager
def seen(chromium: Browser, folder: Path, fragment: str = "", **options: Any) -> Iterator[View]:
    """Give the report in *folder*, open in a page with these *options*; at the end, see what it did meanwhile."""
    page: Page = chromium.new_page(**options)
    view = View(page)
    page.goto((folder / report.FILE_NAME).as_uri() + fragment)
    page.evaluate("window.report && window.report.ready")
    yield view
    page.close()
    assert view.messages == []
    assert [url for url in view.requests if not url.startswith(("file://", "data:", "blob:"))] == []
