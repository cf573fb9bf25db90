"""What the page looked like when something went wrong: a picture, its HTML, and what it and the network said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from inferencemax_spider.dashboard.recorder import Recorder

if TYPE_CHECKING:
    from playwright.async_api import Page

SECONDS = 5
"""How long each piece may take: a page that does not answer shows nothing more."""
LARGEST_HTML = 5_000_000


async def collected(page: Page | None, recorder: Recorder) -> dict[str, bytes]:
    """Return the evidence by the ending of its file; of a *page* that is gone, what was noted."""
    found: dict[str, bytes] = {}
    if page is not None and not recorder.gone:
        pieces: dict[str, Callable[[], Awaitable[bytes]]] = {"png": page.screenshot, "html": lambda: _html(page)}
        for ending, piece in pieces.items():
            try:
                found[ending] = await asyncio.wait_for(piece(), SECONDS)
            except Exception as error:  # noqa: BLE001 - what cannot be had must not hide what it is evidence of
                recorder.note(f"no {ending}: {error}")
    return found | {"log": "".join(f"{line}\n" for line in recorder.log).encode()}


async def _html(page: Page) -> bytes:
    return (await page.content()).encode()[:LARGEST_HTML]
