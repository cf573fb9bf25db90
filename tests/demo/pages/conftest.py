"""Sites with pages, and a browser that visits them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from inferencemax_spider.demo import cli
from tests.demo.pages.visit import OUTSIDE, Visit
from tests.report.conftest import chromium

__all__ = ["chromium"]

Visiting = Callable[..., Visit]


@pytest.fixture
def visiting(chromium: Browser) -> Iterator[Visiting]:
    """Return a function that starts the site of some options of the command line, with an empty page to visit it."""
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    with ExitStack() as stack:

        def visit(*options: str) -> Visit:
            site = stack.enter_context(cli.site_from(parser.parse_args(options)))
            context = stack.enter_context(chromium.new_context())
            # Answered here: how long a machine looks for a host that does not exist is its own affair.
            context.route(OUTSIDE, lambda route: route.fulfill(status=204))
            return Visit(context.new_page(), site)

        yield visit


@pytest.fixture
def older(visiting: Visiting) -> Callable[..., Visit]:
    """Return a function that opens the page of 2025 on a site with faults in their text form."""

    def opened(*faults: str, path: str = "/") -> Visit:
        visit = visiting("--generation", "static", *(f"--fault={fault}" for fault in faults))
        visit.open(path)
        return visit

    return opened


@pytest.fixture
def newer(visiting: Visiting) -> Callable[..., Visit]:
    """Return a function that opens the page of 2026, as ``older`` does."""

    def opened(*faults: str, path: str = "/inference") -> Visit:
        visit = visiting("--generation", "api", *(f"--fault={fault}" for fault in faults))
        visit.open(path)
        return visit

    return opened
