"""Choose in a dropdown whose list exists only while it is open, and read back what it shows then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from inferencemax_spider.catalog import folded
from inferencemax_spider.dashboard.controls import POLL, Control, find
from inferencemax_spider.dashboard.errors import PageError, explained

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

SETTLED = 0.3
"""Seconds for which a list must not have changed to be taken for whole."""
LATE = 2
"""Seconds after which an option that is not in an unchanged list is not waited for any more."""
SHOWN_WITHIN = 5
"""Seconds within which a control must show what was chosen in it."""
OPENS_WITHIN = (2, 5)
"""Seconds within which a list must be open after the first click, and after the second."""
CLOSERS = ("Close", "Dismiss", "Reject all", "Decline", "No thanks", "Not now", "Got it", "OK")
"""Names of the buttons by which a dialog is closed; none of them agrees to anything."""


class Chooser:
    """Choose on *page*, with at most *seconds* for each wait."""

    def __init__(self, page: Page, seconds: float) -> None:
        self.page = page
        self.seconds = seconds

    async def prepare(self) -> None:
        """Close dialogs that cover the page, whenever one stands in the way of a click."""
        self.page.set_default_timeout(self.seconds * 1000)
        dialog = self.page.get_by_role("dialog").filter(visible=True).first
        await self.page.add_locator_handler(dialog, self._closed)

    async def _closed(self, dialog: Locator) -> None:
        """Close *dialog* by the first button with a name that says so, else with the Escape key."""
        for name in CLOSERS:
            button = dialog.get_by_role("button", name=name, exact=True)
            if await button.count() == 1:
                await button.click()
                return
        await self.page.keyboard.press("Escape")

    async def shown(self, control: Control) -> str:
        """Return what *control* shows."""
        found = await find(self.page, control, self.seconds)
        return await found.locator.inner_text()

    async def is_shown(self, control: Control, spellings: Collection[str]) -> bool:
        """Tell whether *control* shows one of the *spellings*."""
        return _is(await self.shown(control), spellings)

    async def options(self, control: Control) -> list[str]:
        """Return the texts of all that can be chosen in *control*, once its list does not change any more."""
        step = f"list the options of {control.name!r}"
        listbox = await self._open(control, step)
        texts, since, deadline = [""], time.monotonic(), time.monotonic() + self.seconds
        while not any(texts) or time.monotonic() - since < SETTLED:
            if time.monotonic() > deadline:
                raise PageError(step, f"no options came within {self.seconds:g} s", again=True)
            await asyncio.sleep(POLL)
            now = await self._texts(listbox)
            texts, since = (texts, since) if now == texts else (now, time.monotonic())
        await self.page.keyboard.press("Escape")
        await listbox.wait_for(state="hidden")
        return texts

    async def choose(self, control: Control, spellings: Collection[str]) -> bool:
        """Choose the option of *control* that has one of the *spellings*; return false if it is shown already.

        Raises:
            PageError: there is no such option, there are several, or the control shows something else afterwards.
        """
        if await self.is_shown(control, spellings):
            return False
        wanted = next(iter(spellings))
        step = f"choose {wanted!r} in {control.name!r}"
        listbox = await self._open(control, step)
        try:
            option = await self._option(listbox, spellings, step)
        except PageError:
            await self.page.keyboard.press("Escape")
            raise
        await self._clicked(option, step)
        await self.read_back(control, spellings, step)
        return True

    async def read_back(self, control: Control, spellings: Collection[str], step: str) -> None:
        """Wait until *control* shows one of the *spellings*.

        Raises:
            PageError: it shows something else.
        """
        deadline = time.monotonic() + min(self.seconds, SHOWN_WITHIN)
        while not _is(text := await self.shown(control), spellings):
            if time.monotonic() > deadline:
                raise PageError(step, f"the control shows {_plain(text)!r} afterwards")
            await asyncio.sleep(POLL)

    async def _open(self, control: Control, step: str) -> Locator:
        """Open the list of *control* and return it: the one that the control says is its own, else the only one."""
        found = await find(self.page, control, self.seconds)
        # The element itself: while its list is open, it is hidden from searches by role.
        element = await found.locator.element_handle()
        listbox = self._listbox(await element.get_attribute("aria-controls"))
        for seconds in OPENS_WITHIN:
            await self._clicked(found.locator, f"{step} (found by {found.strategy})")
            if await self._is_open(listbox, min(self.seconds, seconds)):
                return listbox
            # A dialog that came at this very moment has taken the click, or closed the list.
        raise PageError(step, f"no list opened at {len(OPENS_WITHIN)} clicks on what {found.strategy} finds")

    async def _is_open(self, listbox: Locator, seconds: float) -> bool:
        """Tell whether there is the one *listbox* within so many *seconds*."""
        deadline = time.monotonic() + seconds
        while await listbox.count() != 1:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL)
        return True

    def _listbox(self, name: str | None) -> Locator:
        listbox = self.page.get_by_role("listbox").filter(visible=True)
        return listbox.and_(self.page.locator(f'[id="{name}"]')) if name else listbox

    async def _option(self, listbox: Locator, spellings: Collection[str], step: str) -> Locator:
        """Return the one option in *listbox* that has one of the *spellings*, once it is there."""
        texts, since, deadline = [""], time.monotonic(), time.monotonic() + self.seconds
        while True:
            now = await self._texts(listbox)
            texts, since = (texts, since) if now == texts else (now, time.monotonic())
            places = [place for place, text in enumerate(texts) if _is(text, spellings)]
            if len(places) == 1:
                return listbox.get_by_role("option").nth(places[0])
            late = time.monotonic() - since > min(self.seconds / 2, LATE)
            if len(places) > 1 or (any(texts) and late):
                what = "several options of this name" if places else "there is no such option"
                raise PageError(step, f"{what} among: {', '.join(map(_plain, texts))}")
            if time.monotonic() > deadline:
                raise PageError(step, f"no options came within {self.seconds:g} s", again=True)
            await asyncio.sleep(POLL)

    @staticmethod
    async def _texts(listbox: Locator) -> list[str]:
        return await listbox.get_by_role("option").all_inner_texts()

    async def _clicked(self, locator: Locator, step: str) -> None:
        try:
            await locator.click()
        except Exception as error:
            raise PageError(step, explained(error, self.seconds), again=True) from error


def _is(text: str, spellings: Collection[str]) -> bool:
    """Tell whether *text* is one of the *spellings*, whatever the case and the punctuation; no text is none."""
    return bool(folded(text)) and folded(text) in map(folded, spellings)


def _plain(text: str) -> str:
    return " ".join(text.split())
