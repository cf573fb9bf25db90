"""A report as it is seen in a browser."""

from __future__ import annotations

from typing import cast

from playwright.sync_api import Page

CHARTS = ("interactivity", "latency", "cost")


class View:
    """An open report, with the ``messages`` on its console and the ``requests`` that it made."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def drawn(self, chart: str) -> int:
        """Return how many points stand in *chart*."""
        return self._count(f"#{chart} .scatterlayer path.point")

    def fronts(self, chart: str) -> int:
        """Return how many of them are on lines."""
        return self._count(f"#{chart} .scatterlayer .trace:has(path.js-line) path.point")

    def _count(self, selector: str) -> int:
        return cast("int", self.page.evaluate("selector => document.querySelectorAll(selector).length", selector))

    def all_drawn(self) -> list[int]:
        """Return how many points stand in each chart."""
        return [self.drawn(chart) for chart in CHARTS]

    def select(self, **values: str) -> None:
        """Select *values* in the lists with these ids."""
        for selector, value in values.items():
            self.page.select_option(f"#{selector}", value)

    def reset(self) -> None:
        """Select what is selected at first."""
        for selector in ("model", "sequence", "precision", "price"):
            self.page.select_option(f"#{selector}", index=0)
        self.page.uncheck("#front-only")
        self.page.click("#all")

    def selected(self, selector: str) -> str:
        """Return what is selected in a list."""
        return self.page.input_value(f"#{selector}")

    def options(self, selector: str) -> list[str]:
        """Return the values of a list."""
        script = "all => all.map(option => option.value)"
        return cast("list[str]", self.page.eval_on_selector_all(f"#{selector} option", script))

    def hovered(self, point: str) -> str:
        """Return what is told when the mouse is over *point*."""
        self.page.hover(point, force=True)
        return self.page.locator(".hovertext").text_content() or ""

    def background(self, selector: str) -> str:
        """Return the colour behind an element."""
        return cast("str", self.page.eval_on_selector(selector, "node => getComputedStyle(node).backgroundColor"))

    def colour_of(self, hwkey: str) -> str:
        """Return the colour of the line of *hwkey* in the first chart."""
        script = """hwKey => {
          const chart = document.querySelector("#interactivity .chart");
          return chart.data.find(trace => trace.meta.hwKey === hwKey && trace.meta.kind === "front").line.color;
        }"""
        return cast("str", self.page.evaluate(script, hwkey))
