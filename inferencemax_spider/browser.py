"""Find and start a headless Chromium, driven through Playwright (extra ``browser``)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inferencemax_spider.errors import OperationalError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str | None:
    """Return the path of the machine's own Chromium or Chrome; ``None`` leaves it to Playwright's."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def flags() -> list[str]:
    """Return the arguments of a browser that shows nothing and asks no host on its own account."""
    # Chromium refuses to run as root within its sandbox, as in most containers.
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a running Chromium, and end it.

    Raises:
        OperationalError: Playwright or a browser is not installed, or the browser does not start.
    """
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra: most installations lack it
    except ImportError as error:
        raise OperationalError("Playwright is not installed: pip install 'inferencemax-spider[browser]'") from error
    with sync_playwright() as playwright:
        browser = _started(playwright)
        try:
            yield browser
        finally:
            browser.close()


def _started(playwright: Playwright) -> Browser:
    from playwright.sync_api import Error  # noqa: PLC0415 - as above

    path = executable()
    try:
        return playwright.chromium.launch(executable_path=path, args=flags())
    except Error as error:
        if path is None:
            raise OperationalError(
                "no Chromium is installed: install the package chromium, or run playwright install chromium"
            ) from error
        raise OperationalError(f"{path} does not start: {error.message.splitlines()[0]}") from error


def main() -> int:
    """Tell whether a browser can be started: ``python -m inferencemax_spider.browser``."""
    try:
        with chromium() as browser:
            print(f"Chromium {browser.version}: {executable() or 'that of Playwright'}")  # noqa: T201 - it is the answer
    except OperationalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
