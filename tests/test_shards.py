"""Shards: every endpoint is in one of them, whatever the order of the plan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.shards import Shard, folder_name

NAMES = st.lists(st.text(min_size=1), unique=True)


@given(NAMES, st.integers(1, 9))
def test_each_name_is_in_one_shard(names: list[str], of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    assert all(sum(shard.takes(name) for shard in shards) == 1 for name in names)


def test_a_name_stays_in_its_shard() -> None:
    # What was divided among nodes yesterday is divided so today: these are fixed for good.
    names = ["benchmarks-GLM-5.json", "benchmarks-Kimi-K2.5.json", "gpt-oss-120b-1k_8k-e2e.json"]
    assert [[shard for shard in range(1, 6) if Shard(shard, 5).takes(name)] for name in names] == [[1], [2], [4]]


def test_a_plan_of_many_is_divided_evenly_enough() -> None:
    names = [f"history-model-{number}.json" for number in range(1000)]
    sizes = [sum(Shard(number, 5).takes(name) for name in names) for number in range(1, 6)]
    assert sum(sizes) == 1000
    assert min(sizes) > 150


@pytest.mark.parametrize("text", ["", "2", "0/5", "6/5", "a/b", "1/0", "-1/5", "1/5/2", "1 / 5", "1/99999"])
def test_what_is_no_part_of_a_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no part of a plan, such as 2/5"):
        Shard.parse(text)


def test_parts_have_a_folder_of_their_own() -> None:
    assert folder_name("inferencex", Shard.parse("2/5")) == "inferencex-shard-2-of-5"
    assert folder_name("inferencex", None) == "inferencex"
