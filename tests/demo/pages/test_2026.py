"""The page of the live API: one response per model, whose sequences are filtered in the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from inferencemax_spider.catalog import API_MODELS
from inferencemax_spider.demo import api
from tests.demo.pages.conftest import Visiting
from tests.demo.pages.visit import Visit

Open = Callable[..., Visit]

MODELS = [model.name for model in api.MODELS]
DEFAULT = "benchmarks?model=DeepSeek-R1-0528"
GPT_OSS = "benchmarks?model=gpt-oss-120b"
NEWEST = "workflow-info?date=2026-05-05"


@pytest.fixture
def opened(newer: Open) -> Visit:
    visit = newer()
    visit.settle()
    return visit


def test_it_opens_with_the_default_model_and_what_is_available(opened: Visit) -> None:
    assert sorted(opened.data[:2]) == ["availability", DEFAULT]
    assert opened.data[2:] == [NEWEST]


@pytest.mark.parametrize(("never", "asked"), [("*/benchmarks*", NEWEST), ("*/availability", DEFAULT)])
def test_the_first_two_are_asked_for_in_parallel(visiting: Visiting, never: str, asked: str) -> None:
    visit = visiting("--fault", f"stall@{never}")
    with visit.page.expect_response(visit.site.url(f"/api/v1/{asked}")):
        visit.page.goto(visit.site.url("/inference"))


def test_a_model_is_asked_for_once(opened: Visit) -> None:
    opened.select("Model", "gpt-oss-120b")
    assert opened.data[3:] == [GPT_OSS]
    for name in ("DeepSeek-R1-0528", "gpt-oss-120b"):
        opened.select("Model", name)
    assert opened.data[3:] == [GPT_OSS]


def test_sequence_and_precision_ask_for_nothing_and_change_the_charts(opened: Visit) -> None:
    charts = [opened.chart()]
    opened.select("ISL / OSL", "1K / 8K")
    charts.append(opened.chart())
    opened.select("Precision", "FP8")
    charts.append(opened.chart())
    assert len(opened.data) == 3
    assert len({*charts}) == 3


def test_the_controls_have_the_names_of_the_real_page(opened: Visit) -> None:
    page = opened.page
    same = [
        page.locator("button[role=combobox]#model-select[data-testid=model-selector]"),
        page.get_by_label("Model", exact=True),
        page.get_by_test_id("model-selector"),
        opened.control("Model"),
    ]
    assert [(control.count(), control.get_attribute("id")) for control in same] == [(1, "model-select")] * 4
    assert page.get_by_label("ISL / OSL", exact=True).get_attribute("id") == "sequence-select"
    assert page.locator("select").count() == 0


def test_options_exist_only_while_their_list_is_open(opened: Visit) -> None:
    assert opened.options.count() == 0
    opened.control("Model").click()
    assert opened.page.get_by_role("listbox").count() == 1
    expect(opened.options).to_have_text(MODELS)
    assert opened.page.eval_on_selector_all("[role=option]", "all => all.filter(one => one.children.length)") == []
    opened.page.keyboard.press("Escape")
    assert opened.options.count() == 0
    opened.control("ISL / OSL").click()
    expect(opened.options).to_have_text(["1K / 1K", "1K / 8K", "8K / 1K", "Agentic traces"])


def test_options_come_after_their_list(opened: Visit) -> None:
    script = """() => {
        document.getElementById("model-select").click();
        return [document.querySelectorAll("[role=listbox]").length, document.querySelectorAll("[role=option]").length];
    }"""
    assert opened.page.evaluate(script) == [1, 0]
    expect(opened.options).to_have_count(len(MODELS))


def test_nothing_else_can_be_had_while_a_list_is_open(opened: Visit) -> None:
    opened.control("Model").click()
    assert opened.page.get_by_role("combobox").count() == 0
    assert not opened.is_on_top("#sequence-select")
    opened.page.mouse.click(5, 5)
    assert opened.options.count() == 0
    assert opened.page.get_by_role("combobox").count() == 3
    assert opened.is_on_top("#sequence-select")


def test_the_keyboard_selects(opened: Visit) -> None:
    keyboard = opened.page.keyboard
    opened.control("Model").focus()
    keyboard.press("ArrowDown")
    expect(opened.page.get_by_role("option", selected=True)).to_be_focused()
    keyboard.press("ArrowDown")
    expect(opened.page.get_by_role("option", name="gpt-oss-120b")).to_be_focused()
    keyboard.type("kimi")
    expect(opened.page.get_by_role("option", name="Kimi-K2.5")).to_be_focused()
    keyboard.press("Enter")
    expect(opened.control("Model")).to_be_focused()
    opened.shows("Model", "Kimi-K2.5")
    opened.settle()
    assert opened.data[3:] == ["benchmarks?model=Kimi-K2.5"]


def test_before_it_knows_what_is_available_it_offers_models_without_data(newer: Open) -> None:
    visit = newer("stall@*/availability")
    offered = visit.texts("Model")
    assert offered[: len(MODELS)] == MODELS
    assert {*offered} == {*MODELS, *API_MODELS}


def test_a_list_that_is_open_learns_what_is_available(visiting: Visiting) -> None:
    visit, held = visiting(), list[Route]()
    visit.page.route("**/availability", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    visit.open("/inference")
    visit.control("Model").click()
    expect(visit.options).to_have_count(len({*MODELS, *API_MODELS}))
    held[0].continue_()
    expect(visit.options).to_have_text(MODELS)


def test_the_url_selects(newer: Open) -> None:
    visit = newer(path="/inference?g_model=Llama-3.3-70B-Instruct-FP8&i_seq=1k/8k")
    visit.settle()
    visit.shows("Model", "Llama-3.3-70B-Instruct-FP8")
    visit.shows("ISL / OSL", "1K / 8K")
    assert sorted(visit.data) == ["availability", "benchmarks?model=Llama-3.3-70B-Instruct-FP8", NEWEST]


def test_the_url_selects_agentic_traces(newer: Open) -> None:
    visit = newer(path="/inference?g_model=Kimi-K2.5&i_seq=agentic-traces")
    visit.settle()
    visit.shows("ISL / OSL", "Agentic traces")


def test_a_model_that_the_page_does_not_know_becomes_the_default(newer: Open) -> None:
    visit = newer(path="/inference?g_model=glm-5&i_seq=9k/9k")
    visit.settle()
    visit.shows("Model", "DeepSeek-R1-0528")
    visit.shows("ISL / OSL", "1K / 1K")
    assert sorted(visit.data) == ["availability", DEFAULT, NEWEST]


def test_a_model_without_data_becomes_the_default(newer: Open) -> None:
    visit = newer(path="/inference?g_model=GLM-5.2")
    visit.settle()
    visit.shows("Model", "DeepSeek-R1-0528")
    assert {*visit.data} == {"availability", "benchmarks?model=GLM-5.2", DEFAULT, NEWEST}


def test_a_sequence_that_a_model_lacks_becomes_one_that_it_has(opened: Visit) -> None:
    opened.select("ISL / OSL", "1K / 8K")
    opened.select("Model", "Kimi-K2.5")
    opened.shows("ISL / OSL", "8K / 1K")


def test_the_document_holds_no_numbers_of_the_data(opened: Visit) -> None:
    dataset = api.ApiDataset()
    rows = [dataset.row(run) for run in dataset.latest("DeepSeek-R1-0528")]
    numbers = [value for row in rows for value in row["metrics"].values() if isinstance(value, float) and value > 1000]
    assert len(numbers) > 300
    content = opened.page.content()
    assert [number for number in numbers if f"{number:.0f}" in content or f"{number:,.0f}" in content] == []


def test_an_answer_that_cannot_be_read_is_told(newer: Open) -> None:
    visit = newer("status=500@*/benchmarks*")
    assert visit.page.get_by_role("status").inner_text() == "The data could not be loaded."


def test_newer_deployments_list_labels_under_headings(newer: Open) -> None:
    visit = newer("labels")
    visit.settle()
    visit.shows("Model", "DeepSeek R1 0528 671B")
    assert visit.texts("Model") == [
        "Qwen3.5 397BNEW",
        "gpt-oss 120B",
        "Llama 3.3 70B Instruct",
        "GLM5/5.1 744B",
        "Kimi K2.5/2.6/2.7-Code 1T",
        "DeepSeek R1 0528 671B",
    ]
    visit.control("Model").click()
    expect(visit.page.get_by_role("listbox").locator(":scope > :not([role=option])")).to_have_text(
        ["Deprecated", "Maintenance Mode"]
    )
    visit.page.get_by_role("option", name="Qwen3.5 397B").click()
    visit.shows("Model", "Qwen3.5 397B")
    visit.settle()
    assert visit.data[3:] == ["benchmarks?model=Qwen-3.5-397B-A17B"]
    assert visit.page.get_by_test_id("scenario-selector").get_attribute("id") == "sequence-select"


def test_the_url_of_newer_deployments_takes_the_display_name(newer: Open) -> None:
    visit = newer("labels", path="/inference?g_model=gpt-oss-120b")
    visit.shows("Model", "gpt-oss 120B")
    assert "benchmarks?model=gpt-oss-120b" in visit.data


def test_the_landing_page_selects_nothing_and_leads_to_the_dashboard(visiting: Visiting) -> None:
    visit = visiting("--generation", "api")
    visit.page.goto(visit.site.url("/"))
    visit.settle()
    assert (visit.page.get_by_role("combobox").count(), visit.data) == (0, [])
    visit.page.get_by_role("link", name="Open the dashboard").click()
    expect(visit.control("Model")).to_be_visible()


def test_recorded_rows_have_the_page_with_the_models_that_were_recorded(visiting: Visiting, tmp_path: Path) -> None:
    dataset = api.ApiDataset()
    rows = [dataset.row(run) for run in dataset.latest("DeepSeek-R1-0528")]
    (tmp_path / "benchmarks.json").write_text(json.dumps(rows))
    available = [row for row in dataset.availability() if row["model"] in {"dsr1", "gptoss120b"}]
    (tmp_path / "availability.json").write_text(json.dumps(available))
    visit = visiting("--site", str(tmp_path))
    visit.open("/inference")
    assert visit.texts("Model") == ["DeepSeek-R1-0528", "gpt-oss-120b"]
    visit.select("Model", "gpt-oss-120b")
    assert visit.page.get_by_role("status").inner_text() == "No data for this selection."
