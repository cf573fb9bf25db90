"""What a page asks for tells its generation; what is planned changes as little on the page as can be."""

from __future__ import annotations

import itertools

import pytest

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES
from inferencemax_spider.dashboard.generations import (
    OF_2025,
    OF_2026,
    Generation,
    Selection,
    address,
    recognised,
    static_selections,
)
from inferencemax_spider.planning import static_plan

SITE = "http://127.0.0.1:8000"
STATIC = f"{SITE}/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"
LIVE = f"{SITE}/api/v1/benchmarks?model=GLM-5"


@pytest.mark.parametrize(
    ("asked", "generation"),
    [
        ([], None),
        ([f"{SITE}/api/v1/availability"], None),
        ([f"{SITE}/api/v1/benchmarks/history?model=GLM-5&isl=1024&osl=1024"], None),
        ([f"{SITE}/data/colours.json"], None),
        ([STATIC], OF_2025),
        ([f"{SITE}/api/v1/availability", LIVE], OF_2026),
    ],
)
def test_a_page_is_recognised_by_what_it_asks_for(asked: list[str], generation: Generation | None) -> None:
    assert recognised(asked) is generation


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (LIVE, "GLM-5"),
        (f"{LIVE}&cache=1", "GLM-5"),
        (f"{LIVE}&date=2026-01-01", None),
        (f"{LIVE}&exact=true", None),
        (f"{LIVE}&model=GLM-5.2", None),
        (f"{SITE}/api/v1/benchmarks", None),
    ],
)
def test_only_the_newest_rows_of_one_model_are_what_was_planned(url: str, key: str | None) -> None:
    assert OF_2026.key(url) == key


def test_of_two_selections_in_a_row_only_one_control_differs() -> None:
    endpoints = list(static_plan(SITE, MODELS, SEQUENCES, DATA_TYPES))
    selections = static_selections(endpoints, MODELS)
    assert len(selections) == 9
    assert sorted(endpoint.index for entry in selections for endpoint in entry.endpoints) == list(range(18))
    for before, after in itertools.pairwise(selections):
        assert (before.model == after.model) != (before.sequence == after.sequence)


@pytest.mark.parametrize(
    ("model", "sequence", "url"),
    [
        ("Qwen-3.5-397B-A17B", (), "?g_model=Qwen-3.5-397B-A17B"),
        ("GLM 5&6", ("1K / 8K", "1k_8k"), "?g_model=GLM+5%266&i_seq=1k%2F8k"),
        ("GLM-5", ("Agentic traces",), "?g_model=GLM-5&i_seq=agentic-traces"),
    ],
)
def test_the_address_of_a_selection(model: str, sequence: tuple[str, ...], url: str) -> None:
    assert address(f"{SITE}/inference", Selection((), (model,), sequence)) == f"{SITE}/inference{url}"
