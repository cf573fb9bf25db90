"""The charts of a report as pictures, drawn by the report itself in a headless browser."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

from inferencemax_spider import browser
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError

if TYPE_CHECKING:
    from playwright.sync_api import Page

SELECTORS = ("model", "sequence")


def save(report: Path, folder: Path, prefix: str, **wanted: str | None) -> list[Path]:
    """Save each chart of the *report* as ``<prefix>-<model>-<sequence>-<chart>.png`` in *folder*; return the paths.

    *wanted* may name a ``model`` and a ``sequence``, in any case; the first of each by default.

    Raises:
        ArgumentError: the report has no such model or sequence.
        OperationalError: there is no browser, or the report has no charts.
        OSError: a picture cannot be written.
    """
    with browser.chromium() as chromium, chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(report.resolve().as_uri())
        if not page.evaluate("Boolean(window.report)"):
            raise OperationalError(f"{report} has no charts: there is nothing to draw in its version")
        words = [prefix, *(_choose(page, selector, wanted.get(selector)) for selector in SELECTORS)]
        folder.mkdir(parents=True, exist_ok=True)
        return [_saved(page, name, folder / _file_name(*words, name)) for name in page.evaluate("report.charts")]


def _choose(page: Page, selector: str, text: str | None) -> str:
    """Select what *text* names in the list *selector*; return what is selected."""
    valid: list[str] = page.eval_on_selector_all(f"#{selector} option", "all => all.map(option => option.value)")
    found = {name.casefold(): name for name in valid}.get(text.casefold()) if text else page.input_value(f"#{selector}")
    if found is None:
        raise ArgumentError(f"the report has no {selector} {text!r}; valid: {', '.join(valid)}")
    page.select_option(f"#{selector}", found)
    return found


def _saved(page: Page, name: str, path: Path) -> Path:
    _, _, picture = page.evaluate("name => report.picture(name)", name).partition(",")
    path.write_bytes(base64.b64decode(picture))
    return path


def _file_name(*words: str) -> str:
    """Return *words* as the name of a PNG, without what could lead out of a folder."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', '-'.join(words)).strip('.')}.png"
