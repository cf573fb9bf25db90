"""hwKey counts: in the capture and in the stats, by endpoint, model and run, and zero where one is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.items import EndpointCapture, FetchFailure
from tests.factories import HWKEYS, MODEL, body, capture, crawler, endpoint, processed, row, stats_of

RESPONSES = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.lists(st.sampled_from(HWKEYS), max_size=6)), min_size=1, max_size=6
)


def holding(hwkeys: list[str], **at: Any) -> EndpointCapture:
    return capture(body(*(row(conc=place + 1, hwKey=hwkey) for place, hwkey in enumerate(hwkeys))), endpoint(**at))


def hwkey_stats(*items: EndpointCapture) -> dict[str, int]:
    of = crawler()
    for item in items:
        processed(item, of)
    return {key: count for key, count in stats_of(of).items() if key.startswith("hwkeys/")}


@given(RESPONSES)
def test_stats_are_the_sums_over_endpoint_model_and_run(responses: list[tuple[str, list[str]]]) -> None:
    expected: Counter[str] = Counter()
    for place, (model, hwkeys) in enumerate(responses):
        for hwkey in hwkeys:
            expected.update([f"hwkeys/{hwkey}", f"hwkeys/{model}/{hwkey}", f"hwkeys/{model} {place}k-1k e2e/{hwkey}"])
    stats = hwkey_stats(
        *(holding(hwkeys, model=model, sequence=f"{place}k-1k") for place, (model, hwkeys) in enumerate(responses))
    )
    assert +Counter(stats) == expected


@given(st.lists(st.sampled_from(HWKEYS)))
def test_a_capture_counts_its_own(hwkeys: list[str]) -> None:
    counts = processed(holding(hwkeys)).hwkeys
    assert counts == Counter(hwkeys)
    assert list(counts) == sorted(counts)


def test_the_hwkey_that_was_once_lost_is_counted_by_name_even_when_it_is_not_there() -> None:
    stats = hwkey_stats(holding(["b200"], expected_hwkeys=()))
    assert (stats["hwkeys/b200_trt"], stats[f"hwkeys/{MODEL}/b200_trt"]) == (0, 0)
    assert stats[f"hwkeys/{endpoint().name}/b200_trt"] == 0


def test_every_expected_hwkey_is_counted_even_when_it_is_not_there() -> None:
    stats = hwkey_stats(holding(["b200"], expected_hwkeys=("h100_trt",)))
    assert stats[f"hwkeys/{MODEL}/h100_trt"] == 0
    assert stats[f"hwkeys/{MODEL}/b200"] == 1


def test_an_endpoint_without_records_counts_as_zero() -> None:
    stats = hwkey_stats(capture(failure=FetchFailure("gone")), capture(b"<html>"))
    assert set(stats.values()) == {0}
    assert "hwkeys/b200_trt" in stats


def test_rejected_records_do_not_count() -> None:
    item = processed(capture(body(row(hwKey="b200_trt", x=0), row(hwKey="b200"))))
    assert item.hwkeys == Counter({"b200": 1})
