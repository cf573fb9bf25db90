"""A visit of the dashboard: one page of a browser, on a site of its own."""

from __future__ import annotations

from urllib.parse import unquote

from playwright.sync_api import Locator, Page, expect

from inferencemax_spider.demo import DemoSite

OUTSIDE = "http://tracker.invalid/**"
DRAWN = "#charts[aria-busy=false]"


class Visit:
    """An open dashboard; what it has asked of the site stands in ``site.requests``."""

    def __init__(self, page: Page, site: DemoSite) -> None:
        self.page = page
        self.site = site

    def open(self, path: str) -> None:
        """Go to *path* and wait until the charts show what is selected."""
        self.page.goto(self.site.url(path))
        self.page.wait_for_selector(DRAWN)

    def control(self, label: str) -> Locator:
        """Return the one control that is labelled so."""
        return self.page.get_by_role("combobox", name=label, exact=True)

    @property
    def options(self) -> Locator:
        """What the list that is open offers."""
        return self.page.get_by_role("option")

    def texts(self, label: str) -> list[str]:
        """Open the list of a control, close it again, and return what it offered."""
        self.control(label).click()
        self.options.first.wait_for()
        texts = self.options.all_inner_texts()
        self.page.keyboard.press("Escape")
        return texts

    def select(self, label: str, text: str) -> None:
        """Select with the mouse, and wait until the charts show it."""
        self.control(label).click()
        self.page.get_by_role("option", name=text, exact=True).click()
        self.page.wait_for_selector(DRAWN)

    def shows(self, label: str, text: str) -> None:
        """Check, with patience, that a control has *text* selected."""
        expect(self.control(label)).to_have_text(text)

    @property
    def data(self) -> list[str]:
        """Every request for data so far, without the part that all have in common; in the order of arrival."""
        return [
            unquote(f"{request.path}?{request.query}" if request.query else request.path).split("/", 3)[-1]
            for request in self.site.requests
            if request.path.startswith(("/api/", "/data/"))
        ]

    def since(self, before: int) -> list[str]:
        """Return the requests for data after the first *before* ones, sorted."""
        return sorted(self.data[before:])

    def chart(self, name: str = "interactivity") -> str:
        """Return the pixels of a chart, as a URL."""
        url: str = self.page.evaluate("name => document.getElementById(`chart-${name}`).toDataURL()", name)
        return url

    def is_on_top(self, selector: str) -> bool:
        """Tell whether a click at an element would hit it."""
        script = """element => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        }"""
        hit: bool = self.page.locator(selector).evaluate(script)
        return hit

    def settle(self) -> None:
        """Wait until nothing is under way: all that the page asks for on its own account has been asked for."""
        self.page.wait_for_load_state("networkidle")
