"""The difference of two versions: every record accounted for, by its full key, whatever the order of rows."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.versions import diff, diff_page
from inferencemax_spider.versions.diff import Shift, compare
from tests.versions.records import Row, live, rows_of, static


def counts(old: pa.Table, new: pa.Table, **options: Any) -> tuple[int, ...]:
    """Return how many records were added, removed, changed, updated and unchanged."""
    return tuple(compare(old, new, **options).counts.values())


FEW: dict[str, Sequence[Any]] = {
    "model_name": ["gpt-oss 120B", "Llama 3.3 70B Instruct"],
    "sequence_length": ["1k-1k", "8k-1k"],
    "data_type": ["e2e", "interactivity"],
    "conc": [4, 16],
    "hwKey": ["b200", "b200_trt"],
    "x": [1.0, 2.5, None],
    "tpPerGpu_y": [0.0, 100.0, 130.0, math.nan, None],
    "tpPerGpu_roof": [True, False, None],
}
ROWS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FEW.items()})
TABLES = st.lists(ROWS, max_size=30).map(lambda rows: static(*rows))
LIVE_ROWS = st.fixed_dictionaries(
    {
        "conc": st.sampled_from([4, 16]),
        "date": st.sampled_from(["2026-05-04", "2026-05-05"]),
        "run_url": st.sampled_from(["https://example.org/1", "https://example.org/2", None]),
        "benchmark_type": st.sampled_from(["single_turn", None]),
        "tpPerGpu_y": st.sampled_from([100.0, 130.0, None]),
    }
)
LIVE_TABLES = st.lists(LIVE_ROWS, max_size=12).map(lambda rows: live(*rows))


@given(TABLES | LIVE_TABLES)
def test_nothing_differs_from_itself(table: pa.Table) -> None:
    difference = compare(table, table)
    assert not difference.found
    assert difference.counts["unchanged"] == table.num_rows
    assert difference.others == {}
    assert difference.groups() == []
    assert rows_of(difference) == []


@given(TABLES | LIVE_TABLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table: pa.Table, rng: Any) -> None:
    places = list(range(table.num_rows))
    rng.shuffle(places)
    assert counts(table, table.take(pa.array(places, pa.int64()))) == (0, 0, 0, 0, table.num_rows)


@given(st.tuples(TABLES, TABLES) | st.tuples(LIVE_TABLES, LIVE_TABLES) | st.tuples(TABLES, LIVE_TABLES))
def test_the_other_way_round_is_the_mirror_image(tables: tuple[pa.Table, pa.Table]) -> None:
    there, back = compare(*tables), compare(*reversed(tables))
    mirrored = {"added": "removed", "removed": "added"}
    assert {mirrored.get(name, name): number for name, number in back.counts.items()} == there.counts
    turned = {"removed": "added", "added": "removed", "changed": "changed"}
    assert Counter(map(_numbers, rows_of(there))) == Counter(
        _numbers(row | {"change": turned[row["change"]], "old": row["new"], "new": row["old"]}) for row in rows_of(back)
    )


def _numbers(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("change", "hwKey", "conc", "data_type", "metric", "old", "new") if name in row)


@given(st.tuples(TABLES, TABLES) | st.tuples(LIVE_TABLES, LIVE_TABLES))
def test_every_record_is_counted_once(tables: tuple[pa.Table, pa.Table]) -> None:
    old, new = tables
    added, removed, *matching = counts(old, new)
    assert removed + sum(matching) == old.num_rows
    assert added + sum(matching) == new.num_rows
    groups = compare(old, new).groups(metrics=[])
    assert sum(group.added for group in groups) == added
    assert sum(group.removed for group in groups) == removed
    assert sum(group.changed for group in groups) == matching[0]


@given(st.sets(st.integers(0, 49)))
def test_removing_k_records_is_k_removed_and_nothing_else(gone: set[int]) -> None:
    whole = static(*({"conc": place + 1, "y": float(place)} for place in range(50)))
    rest = whole.take(pa.array(sorted({*range(50)} - gone), pa.int64()))
    difference = compare(whole, rest)
    assert tuple(difference.counts.values()) == (0, len(gone), 0, 0, 50 - len(gone))
    assert {row["conc"] for row in difference.removed.to_pylist()} == {place + 1 for place in gone}
    assert compare(rest, whole).added.num_rows == len(gone)


def test_one_curve_s_throughput_changed_by_thirty_percent() -> None:
    old = static(*({"hwKey": key, "conc": conc} for key in ("b200", "b200_trt") for conc in (4, 8, 16)))
    new = static(
        *({"hwKey": key, "conc": conc} | ({"tpPerGpu_y": 70.0, "y": 70.0} if key == "b200_trt" else {})
          for key in ("b200", "b200_trt") for conc in (4, 8, 16))
    )  # fmt: skip
    difference = compare(old, new)
    assert tuple(difference.counts.values()) == (0, 0, 3, 0, 3)
    (group,) = difference.groups()
    assert (group.model, group.sequence, group.hwkey, group.changed) == ("gpt-oss 120B", "1k-1k", "b200_trt", 3)
    assert group.metrics == {"tpPerGpu_y": Shift(-0.3, -0.3), "y": Shift(-0.3, -0.3)}
    assert {(row["conc"], row["metric"], row["old"], row["new"], row["relative"]) for row in rows_of(difference)} == {
        (conc, metric, 100.0, 70.0, -0.3) for conc in (4, 8, 16) for metric in ("tpPerGpu_y", "y")
    }


def test_median_and_largest_are_of_the_records_in_which_the_metric_changed() -> None:
    old = static(*({"conc": conc} for conc in range(1, 6)))
    new = static(*({"conc": conc, "costh_y": 100.0 + step} for conc, step in enumerate((10, 20, -50, 0, 0), 1)))
    (group,) = compare(old, new).groups()
    assert group.metrics == {"costh_y": Shift(0.1, -0.5)}


def test_without_the_hwkey_two_curves_would_be_one() -> None:
    """The predecessor compared without it: a swap of two curves' numbers showed as no difference at all."""
    old = static({"hwKey": "b200", "tpPerGpu_y": 100.0}, {"hwKey": "b200_trt", "tpPerGpu_y": 200.0})
    new = static({"hwKey": "b200", "tpPerGpu_y": 200.0}, {"hwKey": "b200_trt", "tpPerGpu_y": 100.0})
    difference = compare(old, new)
    assert [(group.hwkey, group.metrics["tpPerGpu_y"].median) for group in difference.groups()] == [
        ("b200", 1.0),
        ("b200_trt", -0.5),
    ]
    gone = compare(old, old.slice(0, 1))
    assert gone.removed["hwKey"].to_pylist() == ["b200_trt"]


def test_the_columns_that_differ_are_counted() -> None:
    old, new = (
        live({}, {"conc": 8}),
        live({"e2e_x": 9.0}, {"conc": 8, "e2e_x": 9.0, "inter_x": None, "e2e_roof": False}),
    )
    difference = compare(old, new)
    assert difference.changes == {"e2e_x": 2, "inter_x": 1}
    assert list(diff_page.totals(difference))[1:] == [
        "Metrics that changed: e2e_x in 2, inter_x in 1",
        "Other columns that differ in records that match: e2e_roof in 1",
    ]


def test_latency_and_interactivity_are_different_metrics() -> None:
    old = static({"data_type": "e2e", "x": 10.0}, {"data_type": "interactivity", "x": 10.0})
    new = static({"data_type": "e2e", "x": 9.0}, {"data_type": "interactivity", "x": 12.0})
    (group,) = compare(old, new).groups()
    assert group.metrics == {"e2e_x": Shift(-0.1, -0.1), "inter_x": Shift(0.2, 0.2)}


@pytest.mark.parametrize(("old", "new"), [(None, 1.0), (1.0, None), (0.0, 1.0)])
def test_what_has_no_ratio_is_a_change_beyond_every_threshold(old: float | None, new: float | None) -> None:
    difference = compare(live({"median_ttft": old}), live({"median_ttft": new}), tolerance=1e9)
    assert difference.counts["changed"] == 1
    assert difference.groups()[0].metrics == {"median_ttft": Shift(None, None)}
    json.dumps(diff.summary(difference, "x"), allow_nan=False)


def test_a_relative_change_is_upwards_when_the_value_is() -> None:
    (row,) = rows_of(compare(live({"std_ttft": -100.0}), live({"std_ttft": -50.0})))
    assert row["relative"] == 0.5


@pytest.mark.parametrize(("tolerance", "changed"), [(0.0, 1), (0.25, 1), (0.26, 0)])
def test_a_change_below_the_tolerance_does_not_count(tolerance: float, changed: int) -> None:
    difference = compare(static({"costh_y": 100.0}), static({"costh_y": 75.0}), tolerance=tolerance)
    assert difference.counts["changed"] == changed
    assert difference.found is bool(changed)
    assert len(rows_of(difference)) == changed


def test_only_the_metrics_that_are_asked_for_are_compared() -> None:
    old, new = static({}), static({"costh_y": 1.0, "tpPerGpu_y": 1.0})
    assert [row["metric"] for row in rows_of(compare(old, new, metrics=["costh_y"]))] == ["costh_y"]
    assert not compare(old, new, metrics=["costn_y"]).found
    with pytest.raises(ArgumentError, match=r"no metric 'nope'; valid: costh_y, "):
        compare(old, new, metrics=["nope"])


def test_other_columns_make_an_update_not_a_change() -> None:
    old, new = live({}, {"conc": 32}), live({"date": "2026-05-06", "image": "v2", "id": "7"}, {"conc": 32, "id": "8"})
    difference = compare(old, new)
    assert tuple(difference.counts.values()) == (0, 0, 0, 1, 1)
    assert difference.others == {"date": 1, "image": 1}
    assert not difference.found


def test_a_new_measurement_of_a_configuration_is_a_change_that_tells_its_days() -> None:
    difference = compare(
        live({}), live({"date": "2026-05-09", "run_url": "https://example.org/9", "tpPerGpu_y": 110.0})
    )
    assert tuple(difference.counts.values()) == (0, 0, 1, 0, 0)
    (row,) = rows_of(difference)
    assert (row["date_old"], row["date_new"], row["old"], row["new"]) == ("2026-05-05", "2026-05-09", 100.0, 110.0)


def test_a_history_is_compared_day_by_day_and_run_by_run() -> None:
    first, again, other = {"date": "2026-05-01"}, {"date": "2026-05-05"}, {"run_url": "https://example.org/2"}
    assert counts(live(first, again), live(first)) == (0, 1, 0, 0, 1)
    assert counts(live(first), live(first, again)) == (1, 0, 0, 0, 1)
    assert counts(live(first, again), live(first, again | other)) == (0, 0, 0, 1, 1)
    assert counts(live(first, again, again | other), live(first, again | other)) == (0, 1, 0, 0, 2)


def test_rows_from_before_the_benchmark_type_had_a_name_match_those_after() -> None:
    named = {"benchmark_type": "single_turn", "offload_mode": "off"}
    assert counts(live({}), live(named)) == (0, 0, 0, 0, 1)
    assert counts(live({}), live(named | {"offload_mode": "on"})) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "change", [{"hwKey": "b200_vllm"}, {"prefill_ep": 2}, {"disagg": True}, {"framework": "vllm"}, {"model": "other"}]
)
def test_each_part_of_the_natural_key_tells_records_apart(change: Row) -> None:
    assert counts(live({}), live(change)) == (1, 1, 0, 0, 0)


def test_repeated_keys_are_matched_by_occurrence_and_counted() -> None:
    old = static({"costh_y": 1.0}, {"costh_y": 2.0}, {"conc": 8})
    new = static({"conc": 8}, {"costh_y": 2.5}, {"costh_y": 1.0})
    difference = compare(old, new)
    assert tuple(difference.counts.values()) == (0, 0, 1, 0, 2)
    assert difference.matches.repeated == 1
    assert [(row["old"], row["new"]) for row in rows_of(difference)] == [(2.0, 2.5)]


def test_a_row_of_the_live_api_stands_for_two_of_the_static_generation() -> None:
    old = static(
        {"hwKey": "b200_trt", "x": 8.0},
        {"hwKey": "b200_trt", "data_type": "interactivity", "x": 40.0},
        {"hwKey": "b200_trt", "model_name": "Llama 3.3 70B Instruct"},
    )
    new = live({}, {"model_name": "Llama-3.3-70B-Instruct-FP8", "model": "llama70b"})
    difference = compare(old, new, metrics=["tpPerGpu_y", "e2e_x", "inter_x"])
    assert tuple(difference.counts.values()) == (1, 0, 1, 0, 2)
    (row,) = (row for row in rows_of(difference) if row["change"] == "changed")
    assert (row["model_name"], row["metric"], row["old"], row["new"]) == ("gpt-oss-120b", "inter_x", 40.0, 50.0)


def test_what_holds_no_records_is_refused() -> None:
    with pytest.raises(OperationalError, match="there is no column 'hwKey'"):
        compare(static({}), static({}).drop_columns("hwKey"))
    other = static({}).drop_columns("conc").append_column("conc", pa.array(["many"]))
    with pytest.raises(OperationalError, match="differ in type"):
        compare(static({}), other)
