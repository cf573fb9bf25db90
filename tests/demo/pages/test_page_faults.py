"""Faults of the pages, in both generations: each does what docs/faults.md says, and only that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from inferencemax_spider.demo import Fault
from inferencemax_spider.demo.faults import PAGE_KINDS
from tests.crawl.page import code, tables
from tests.demo.client import get
from tests.demo.pages.visit import Visit

Open = Callable[..., Visit]

HOUR = 3600
RELOADED = "() => performance.getEntriesByType('navigation')[0].type === 'reload'"


@dataclass
class Generation:
    """How to open a page, which models it begins with, and what a selection of each asks for."""

    open: Open
    path: str
    models: tuple[str, str, str]
    slugs: tuple[str, str, str]
    stem: str
    endings: tuple[str, ...]
    on_opening: int

    def bodies(self, index: int) -> list[str]:
        """Return what the model at *index* makes the page ask for."""
        return [f"{self.stem}{self.slugs[index]}{ending}" for ending in self.endings]


@pytest.fixture(params=["2025", "2026"])
def page(request: pytest.FixtureRequest, older: Open, newer: Open) -> Generation:
    if request.param == "2025":
        names = ("DeepSeek R1 0528", "gpt-oss 120B", "Llama 3.3 70B Instruct")
        slugs = ("deepseek-r1-0528", "gpt-oss-120b", "llama-3_3-70b-instruct-fp8")
        return Generation(older, "/", names, slugs, "", ("-1k_1k-e2e.json", "-1k_1k-interactivity.json"), 2)
    names = ("DeepSeek-R1-0528", "gpt-oss-120b", "Llama-3.3-70B-Instruct-FP8")
    return Generation(newer, "/inference", names, names, "benchmarks?model=", ("",), 3)


def settled(page: Generation, *faults: str, path: str | None = None) -> Visit:
    """Return an open page that has asked for everything it asks for on its own account."""
    visit = page.open(*faults, path=path or page.path)
    visit.settle()
    return visit


def test_each_fault_of_the_pages_is_documented() -> None:
    rows = [Fault.parse(code(row["Fault"])[0]).kind for row in tables("Faults of the dashboard's pages")]
    assert {*rows} == PAGE_KINDS.keys()


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_what_is_no_dashboard_passes(newer: Open, kind: str) -> None:
    site = newer().site
    urls = [site.url(path) for path in ("/", "/assets/2026.js", "/api/v1/availability", "/inference")]
    sound = [get(url).body for url in urls]
    site.add_fault(Fault(kind=kind))
    assert [get(url).body == body for url, body in zip(urls, sound, strict=True)] == [True, True, True, False]


def test_a_decoy_stands_first_and_loads_another_model(page: Generation) -> None:
    visit = settled(page, "decoy")
    found = visit.page.locator("main").get_by_role("button", name="model")
    assert visit.page.locator("#controls button").first.inner_text() == "Model comparison"
    found.first.click()
    visit.page.wait_for_selector("#charts[aria-busy=false]")
    assert visit.since(page.on_opening) == page.bodies(1)
    visit.shows("Model", page.models[0])
    visit.select("Model", page.models[2])
    assert visit.since(page.on_opening + len(page.endings)) == page.bodies(2)


def test_a_decoy_may_be_a_combobox(page: Generation) -> None:
    visit = settled(page, "decoy=Models,role=combobox")
    found = visit.page.get_by_role("combobox", name="model")
    assert [control.get_attribute("aria-label") for control in found.all()] == ["Models", None]


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ("id", ["testid", "label"]),
        ("id+testid", ["label"]),
        ("label", ["id", "testid"]),
        ("id+testid+label", []),
    ],
)
def test_a_control_is_renamed_by_degrees(newer: Open, names: str, left: list[str]) -> None:
    page = newer(f"rename_control={names}").page
    found = {
        "id": page.locator("#model-select"),
        "testid": page.get_by_test_id("model-selector"),
        "label": page.get_by_label("Model", exact=True),
    }
    assert [name for name, control in found.items() if control.count()] == left
    assert page.get_by_role("combobox").count() == 3


def test_a_renamed_control_works(page: Generation) -> None:
    visit = settled(page, "rename_control,control=sequence", "rename_control=label")
    assert visit.page.get_by_label("ISL / OSL").count() == 1
    visit.select("LLM", page.models[1])
    assert visit.since(page.on_opening) == page.bodies(1)


def test_the_label_of_the_older_page_is_renamed(older: Open) -> None:
    visit = older("rename_control,control=sequence")
    assert visit.page.get_by_label("ISL / OSL").count() == 0
    visit.select("Lengths", "1K / 8K")
    assert "deepseek-r1-0528-1k_8k-e2e.json" in visit.data


@pytest.mark.parametrize(("names", "ids"), [("label", 1), ("id+testid+label", 2)])
def test_a_control_is_doubled(newer: Open, names: str, ids: int) -> None:
    page = newer(f"duplicate_control={names}").page
    assert page.get_by_label("Model", exact=True).count() == 2
    assert page.get_by_role("combobox", name="Model", exact=True).count() == 2
    assert (page.locator("#model-select").count(), page.get_by_test_id("model-selector").count()) == (ids, ids)


def test_the_double_stands_first_and_loads_another_model(page: Generation) -> None:
    visit = settled(page, "duplicate_control=label")
    double, control = visit.control("Model").all()
    assert double.get_attribute("id") == "llm-picker"
    double.click()
    visit.page.get_by_role("option", name=page.models[2], exact=True).click()
    expect(double).to_have_text(page.models[2])
    expect(control).to_have_text(page.models[0])
    visit.page.wait_for_selector("#charts[aria-busy=false]")
    assert visit.since(page.on_opening) == page.bodies(2)


@pytest.mark.parametrize("answer", ["Accept all", "Reject all", "Close"])
def test_a_popup_covers_the_page_until_it_is_closed(page: Generation, answer: str) -> None:
    visit = settled(page, "popup=0")
    dialog = visit.page.get_by_role("dialog", name="We value your privacy")
    dialog.wait_for()
    assert not visit.is_on_top("[role=combobox] >> nth=0")
    dialog.get_by_role("button", name=answer).click()
    visit.select("Model", page.models[1])
    assert visit.since(page.on_opening) == page.bodies(1)


def test_a_popup_may_come_later(page: Generation) -> None:
    visit = page.open(f"popup={HOUR}", path=page.path)
    visit.page.clock.install()
    visit.open(page.path)
    assert visit.page.get_by_role("dialog").count() == 0
    visit.page.clock.fast_forward(HOUR * 1000)
    expect(visit.page.get_by_role("dialog")).to_be_visible()


def test_options_may_be_late(page: Generation) -> None:
    visit = settled(page, f"late_options={HOUR}")
    visit.page.clock.install()
    visit.control("Model").click()
    assert visit.page.get_by_role("listbox").inner_text() == "Loading…"
    assert visit.options.count() == 0
    visit.page.clock.fast_forward(HOUR * 1000)
    visit.page.get_by_role("option", name=page.models[1], exact=True).click()
    visit.shows("Model", page.models[1])


def test_an_option_may_be_missing(page: Generation) -> None:
    visit = settled(page, "missing_option")
    assert page.models[1] not in visit.texts("Model")
    assert page.models[2] in visit.texts("Model")
    other = settled(page, "missing_option=1k/8k")
    assert "1K / 8K" not in other.texts("ISL / OSL")


def test_a_page_may_load_itself_again_once(page: Generation) -> None:
    visit = settled(page, "reload=0")
    visit.control("Model").click()
    visit.page.get_by_role("option", name=page.models[1], exact=True).click()
    visit.page.wait_for_function(RELOADED)
    visit.shows("Model", page.models[0])
    visit.settle()
    visit.select("Model", page.models[2])
    visit.settle()
    visit.shows("Model", page.models[2])
    assert [request.count for request in visit.site.requests if request.path == page.path and not request.query] == [
        1,
        2,
    ]


def test_a_page_that_selects_by_its_url_may_load_itself_again(newer: Open) -> None:
    visit = newer("reload=0.5", path="/inference?g_model=GLM-5")
    visit.page.wait_for_function(RELOADED)
    visit.settle()
    assert max(request.count for request in visit.site.requests if request.path == "/inference") == 2
    visit.shows("Model", "GLM-5")


def test_a_page_may_ask_for_another_model(page: Generation) -> None:
    visit = settled(page, "wrong_model")
    assert {*page.bodies(1)} <= {*visit.data}
    assert not {*page.bodies(0)} & {*visit.data}
    visit.select("Model", page.models[1])
    visit.shows("Model", page.models[1])
    assert visit.since(page.on_opening) == page.bodies(0)


def test_a_selection_may_fall_back_in_silence(page: Generation) -> None:
    visit = settled(page, "fallback")
    visit.select("Model", page.models[1])
    visit.shows("Model", page.models[0])
    assert {*visit.data[page.on_opening :]} <= {*page.bodies(0)}
    visit.select("ISL / OSL", "1K / 8K")
    visit.shows("ISL / OSL", "1K / 8K")


def test_a_selection_of_the_sequence_may_fall_back(page: Generation) -> None:
    visit = settled(page, "fallback=sequence")
    visit.select("ISL / OSL", "1K / 8K")
    visit.shows("ISL / OSL", "1K / 1K")


def test_a_selection_by_url_may_fall_back(newer: Open) -> None:
    visit = newer("fallback", path="/inference?g_model=GLM-5&i_seq=8k/1k")
    visit.shows("Model", "DeepSeek-R1-0528")
    visit.shows("ISL / OSL", "8K / 1K")
