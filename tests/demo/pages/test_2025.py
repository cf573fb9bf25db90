"""The page of the static generation: two dropdowns, two bodies for each selection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from inferencemax_spider.catalog import MODELS, SEQUENCES
from inferencemax_spider.demo import Dataset
from tests.demo.pages.conftest import Visiting
from tests.demo.pages.visit import Visit

Open = Callable[..., Visit]


def bodies(stem: str) -> list[str]:
    return [f"{stem}-{data_type}.json" for data_type in ("e2e", "interactivity")]


def test_the_default_selection_is_loaded_and_nothing_else(older: Open) -> None:
    visit = older()
    visit.settle()
    assert sorted(visit.data) == bodies("deepseek-r1-0528-1k_1k")
    assert [visit.control(label).inner_text() for label in ("Model", "ISL / OSL")] == ["DeepSeek R1 0528", "1K / 1K"]


def test_a_selection_asks_for_its_two_bodies_each_time(older: Open) -> None:
    visit = older()
    visit.select("Model", "Llama 3.3 70B Instruct")
    assert visit.since(2) == bodies("llama-3_3-70b-instruct-fp8-1k_1k")
    visit.select("ISL / OSL", "8K / 1K")
    assert visit.since(4) == bodies("llama-3_3-70b-instruct-fp8-8k_1k")
    visit.select("ISL / OSL", "1K / 1K")
    assert visit.since(6) == bodies("llama-3_3-70b-instruct-fp8-1k_1k")


def test_what_is_selected_already_is_not_asked_for_again(older: Open) -> None:
    visit = older()
    visit.select("Model", "DeepSeek R1 0528")
    assert len(visit.data) == 2


def test_all_selections_are_all_endpoints(older: Open) -> None:
    visit = older()
    for model in MODELS:
        visit.select("Model", model.name)
        for sequence in SEQUENCES:
            visit.select("ISL / OSL", sequence.name)
    assert {f"/data/inference-performance/{name}" for name in visit.data} == Dataset().paths().keys()


def test_each_selection_has_a_chart_of_its_own(older: Open) -> None:
    visit = older()
    charts = Counter([visit.chart("e2e"), visit.chart()])
    for sequence in ("1K / 8K", "8K / 1K"):
        visit.select("ISL / OSL", sequence)
        charts.update([visit.chart("e2e"), visit.chart()])
    assert len(charts) == 6


def test_the_url_selects_nothing(older: Open) -> None:
    visit = older(path="/?g_model=gpt-oss 120B&i_seq=1k/8k")
    assert sorted(visit.data) == bodies("deepseek-r1-0528-1k_1k")


def test_records_in_an_envelope_are_shown_as_well(older: Open) -> None:
    assert older("envelope@*.json").chart() == older().chart()


def test_beside_the_newer_one_it_has_a_path_of_its_own(visiting: Visiting) -> None:
    visit = visiting()
    visit.open("/2025/")
    assert sorted(visit.data) == bodies("deepseek-r1-0528-1k_1k")


def test_a_folder_has_the_page_with_the_models_that_it_has(visiting: Visiting, tmp_path: Path) -> None:
    dataset, folder = Dataset(), tmp_path / "data" / "inference-performance"
    folder.mkdir(parents=True)
    for path, endpoint in dataset.paths().items():
        if endpoint.model.slug == "gpt-oss-120b" and endpoint.sequence.slug == "1k_1k":
            (folder / Path(path).name).write_bytes(dataset.body(*endpoint))
    visit = visiting("--site", str(tmp_path))
    visit.open("/")
    assert visit.texts("Model") == ["gpt-oss 120B"]
    assert sorted(visit.data) == bodies("gpt-oss-120b-1k_1k")
