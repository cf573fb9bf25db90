"""How the browser is started and how a page is asked for: what scrapy-playwright needs to know, for one spider only."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.settings import SETTINGS_PRIORITIES

from inferencemax_spider import browser
from inferencemax_spider.dashboard.recorder import Recorder
from inferencemax_spider.errors import OperationalError

if TYPE_CHECKING:
    from playwright.async_api import Page
    from scrapy import Request
    from scrapy.settings import BaseSettings

HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
START_SECONDS = 60
NOT_INSTALLED = "scrapy-playwright is not installed: pip install 'inferencemax-spider[browser]'"

NOT_STARTED = f"the browser did not start within {START_SECONDS} s; is this machine overloaded?"


def check() -> None:
    """Tell at once if there is nothing to drive a page with.

    Raises:
        OperationalError: scrapy-playwright, or a browser, is not installed, or does not start.
    """
    if find_spec("scrapy_playwright") is None or find_spec("playwright") is None:
        raise OperationalError(NOT_INSTALLED)
    # One that is on PATH shows at its start whether it works. Where Playwright keeps its own, only Playwright knows.
    if browser.executable() is None:
        command = [sys.executable, "-m", "inferencemax_spider.browser"]
        try:
            tried = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)  # noqa: S603 - our own module
        except subprocess.TimeoutExpired:
            raise OperationalError(NOT_STARTED) from None
        if tried.returncode:
            raise OperationalError(tried.stderr.strip().rpartition("\n")[2] or "no browser could be started")


def prepare(settings: BaseSettings, base_url: str) -> None:
    """Let pages of the site at *base_url* be loaded in the browser, unless *settings* say otherwise already."""
    # One handler, and so one driver: only the scheme of the site is ever asked.
    settings.set("DOWNLOAD_HANDLERS", {urlsplit(base_url).scheme: HANDLER}, priority="spider")
    options = {
        "executable_path": browser.executable(),
        "args": browser.flags(),
        "timeout": START_SECONDS * 1000,
        # Scrapy ends the crawl on a signal, and the browser with it.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }
    settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", options, priority="spider")
    # The headers of a browser, not those of an API client; the User-Agent is the context's.
    settings.set("PLAYWRIGHT_PROCESS_REQUEST_HEADERS", None, priority="spider")
    if (settings.getpriority("LOG_LEVEL") or 0) < SETTINGS_PRIORITIES["cmdline"]:
        # What it says of failures has a traceback; each is told by its own endpoint.
        logging.getLogger("scrapy-playwright").setLevel(logging.CRITICAL)


def meta(settings: BaseSettings, recorder: Recorder) -> dict[str, Any]:
    """Return what a request carries so that its page is loaded in the browser, and watched by *recorder*."""

    async def opened(page: Page, request: Request) -> None:
        del request
        await recorder.attach(page)

    return {
        "playwright": True,
        "playwright_include_page": True,
        "playwright_page_init_callback": opened,
        "playwright_page_goto_kwargs": {
            "wait_until": "domcontentloaded",
            "timeout": settings.getfloat("DOWNLOAD_TIMEOUT") * 1000,
        },
        "playwright_context_kwargs": {
            "user_agent": settings["USER_AGENT"],
            "ignore_https_errors": not settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"),
            "service_workers": "block",
            "accept_downloads": False,
        },
        # A new attempt is a new page, and is made by who knows what is still missing.
        "dont_retry": True,
        "recorder": recorder,
    }
