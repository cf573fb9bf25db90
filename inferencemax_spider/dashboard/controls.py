"""Find a control of the page: by an ordered list of strategies, each with a name, and never by guessing.

A strategy that finds nothing, or more than one thing, is passed over; if none finds exactly one, nothing is clicked and
what was seen is told. The predecessor once searched with an empty text, which every button matches.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inferencemax_spider.dashboard.errors import PageError

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

Kind = Literal["role", "label", "test id", "id"]
Role = Literal["combobox"]
POLL = 0.05
"""Seconds between two looks at the page."""
SEEN_MOST = 12
DESCRIBE = """elements => elements.filter(element => element.checkVisibility()).map(element => {
    const names = ["role", "id", "data-testid", "aria-label"].filter(name => element.getAttribute(name));
    const said = names.map(name => `${name}=${element.getAttribute(name)}`);
    const label = element.labels?.[0]?.textContent?.trim();
    return [element.tagName.toLowerCase(), ...said, label && `label=${label}`, element.innerText?.trim().slice(0, 40)]
        .filter(Boolean).join(" ");
})"""
"""Script that says of visible elements what they are called."""


@dataclass(frozen=True)
class Strategy:
    """One way to find a control: by the ``name`` that it has for this ``kind`` of search."""

    kind: Kind
    name: str

    def __post_init__(self) -> None:
        """Refuse a name that is empty: everything would match it."""
        if not self.name.strip():
            raise ValueError(f"a strategy needs a name: an empty {self.kind} would match every control")

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"

    def locator(self, page: Page, role: Role) -> Locator:
        """Return what finds it on *page*: visible, and with this *role*."""
        match self.kind:
            case "role":
                found = page.get_by_role(role, name=self.name, exact=True)
            case "label":
                found = page.get_by_label(self.name, exact=True)
            case "test id":
                found = page.get_by_test_id(self.name)
            case "id":
                found = page.locator(f'[id="{self.name}"]')
        return found.and_(page.locator(f'[role="{role}"]')).filter(visible=True)


@dataclass(frozen=True)
class Control:
    """A dropdown of the page: ``name`` is what we call it."""

    name: str
    strategies: tuple[Strategy, ...]
    role: Role = "combobox"

    def __post_init__(self) -> None:
        """Refuse a control that there is no way to find."""
        if not self.strategies:
            raise ValueError(f"there is no strategy for the control {self.name}")


@dataclass(frozen=True)
class Found:
    """A control as it was found, and by which strategy."""

    locator: Locator
    strategy: Strategy


async def find(page: Page, control: Control, seconds: float) -> Found:
    """Return the one element of *page* that *control* is, once it is there, within *seconds*.

    Raises:
        PageError: no strategy finds exactly one; the message lists what was seen.
    """
    deadline = time.monotonic() + seconds
    while True:
        counts: dict[Strategy, int] = {}
        for strategy in control.strategies:
            locator = strategy.locator(page, control.role)
            counts[strategy] = await locator.count()
            if counts[strategy] == 1:
                return Found(locator, strategy)
        if time.monotonic() > deadline:
            raise PageError(f"find the control {control.name!r}", await _seen(page, control, counts))
        await asyncio.sleep(POLL)


async def _seen(page: Page, control: Control, counts: dict[Strategy, int]) -> str:
    """Return in words what the strategies found, and which controls the page has."""
    told = ", ".join(f"{strategy} matches {count or 'nothing'}" for strategy, count in counts.items())
    ambiguous = [strategy for strategy, count in counts.items() if count > 1]
    texts = [text for strategy in ambiguous for text in await _described(strategy.locator(page, control.role))]
    what = "these" if texts else "controls on the page"
    texts = texts or await _described(page.locator("button, select, [role=combobox], [role=button]"))
    return f"{told}; {what}: {'; '.join(_few(texts)) or 'none'}"


async def _described(locator: Locator) -> list[str]:
    described: list[str] = await locator.evaluate_all(DESCRIBE)
    return described


def _few(texts: list[str]) -> Iterator[str]:
    yield from dict.fromkeys(texts[:SEEN_MOST])
    if len(texts) > SEEN_MOST:
        yield f"and {len(texts) - SEEN_MOST} more"
