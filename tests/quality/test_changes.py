"""What changed since the version before: each change is named once, by the monitor that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.quality.suite import MONITORS
from tests.quality.versions import Store, Summary, both, emptied, halved, scaled, without

GPT, LLAMA, DEEPSEEK = "gpt-oss-120b", "Llama-3.3-70B-Instruct-FP8", "DeepSeek-R1-0528"
H200 = "1k-1k (5 records), 1k-8k (5 records), 8k-1k (5 records)"
BEFORE = "20260101T000000Z"


def renamed(summary: Summary) -> None:
    summary["unknown_fields"]["container"] = 100
    next(entry for entry in summary["endpoint_details"] if entry["model"] == GPT)["unknown_fields"]["container"] = 100


def states(state: str, model: str) -> Any:
    def changed(summary: Summary) -> None:
        for entry in summary["endpoint_details"]:
            if entry["model"] == model:
                entry["state"] = state

    return changed


@pytest.mark.parametrize("generation", ["points", "rows"])
def test_the_same_again_has_no_findings(generation: str, request: pytest.FixtureRequest) -> None:
    store: Store = request.getfixturevalue(generation)
    store.add()
    answers = store.judged(store.add())
    assert list(answers) == [monitor.options.name for monitor in MONITORS]
    assert {name for name, check in answers.items() if check.findings} == set()
    compared = {"hwkeys_gone", "record_counts", "fields_gone", "fields_new", "distribution_shift"}
    assert {name for name in compared if answers[name].status != "pass"} == set()


def test_each_change_of_many_is_named_once(rows: Store) -> None:
    rows.add()
    changes = both(
        without(model_name=GPT, hwKey="mi325x_vllm"),
        halved(model_name=LLAMA),
        scaled("tpPerGpu_y", 1.3, model_name=DEEPSEEK, hwKey="h200_sglang"),
        emptied("image", model_name=GPT),
    )
    damaged = rows.add(changes, renamed)
    places = {name: [line.partition(";")[0] for line in lines] for name, lines in rows.findings(damaged).items()}
    assert places == {
        "hwkeys_gone": [f"{GPT}: hwKey mi325x_vllm is gone"],
        "record_counts": [places["record_counts"][0]],
        "fields_gone": [places["fields_gone"][0]],
        "fields_new": [f"field container is new: 100 records of {GPT} have it"],
        "distribution_shift": [
            f"{DEEPSEEK}: h200_sglang has moved since {BEFORE}: throughput per GPU +30 % in {H200}",
        ],
    }
    assert places["record_counts"][0].startswith(f"{LLAMA}: 118 records where {BEFORE} had 238 (−50 %): 1k-1k ")
    assert places["fields_gone"][0].endswith(f"records of {GPT} had it in {BEFORE}")
    assert rows.findings(rows.add(status="complete")) == {}


def test_a_hwkey_that_is_gone_is_named_with_its_places_and_not_counted_as_a_drop(points: Store) -> None:
    points.add()
    gone = points.add(without(model_name="gpt-oss 120B", hwKey="h200", sequence_length="1k-1k"))
    assert points.findings(gone) == {
        "hwkeys_gone": (
            f"gpt-oss 120B: hwKey h200 is gone; {BEFORE} had 40 records: 1k-1k e2e 20, 1k-1k interactivity 20",
        )
    }
    excused = '[models."gpt-oss 120B"]\nexcused_hwkeys = ["h200"]'
    assert points.findings(gone, excused) == {}
    assert list(points.findings(gone, '[models."Llama 3.3 70B Instruct"]\nexcused_hwkeys = ["h200"]')) == [
        "hwkeys_gone"
    ]


def test_a_sequence_that_is_gone_is_named_once(rows: Store) -> None:
    rows.add()
    (finding,) = rows.findings(rows.add(without(model_name=LLAMA, sequence_length="1k-8k")))["hwkeys_gone"]
    assert finding == f"{LLAMA}: all records are gone; {BEFORE} had 80 records: 1k-8k 80"


def test_an_expected_hwkey_that_is_gone_is_named_as_expected_only(points: Store) -> None:
    points.add()

    def unseen(summary: Summary) -> None:
        for row in summary["coverage"]:
            if row["model"] == "gpt-oss 120B":
                row["seen_hwkeys"].pop("b200_trt")

    gone = points.add(without(model_name="gpt-oss 120B", hwKey="b200_trt"), unseen)
    assert list(points.findings(gone)) == ["expected_hwkeys"]
    assert list(points.findings(gone, '[defaults.severity]\nexpected_hwkeys = "off"')) == ["hwkeys_gone"]


@pytest.mark.parametrize("state", ["failed", "invalid", "not_attempted"])
def test_what_an_endpoint_did_not_bring_is_named_as_its_state_only(rows: Store, state: str) -> None:
    rows.add()
    lost = rows.add(without(model_name=GPT), states(state, GPT))
    assert list(rows.findings(lost)) == ["endpoints_ok"]


def test_what_was_last_seen_before_an_endpoint_failed_is_missed_when_it_answers_again(rows: Store) -> None:
    rows.add()
    rows.add(without(model_name=GPT), states("failed", GPT), status="incomplete")
    back = rows.add(without(model_name=GPT, hwKey="mi325x_vllm"))
    (finding,) = rows.findings(back)["hwkeys_gone"]
    assert finding.startswith(f"{GPT}: hwKey mi325x_vllm is gone; {BEFORE} had 30 records: ")


@pytest.mark.parametrize(
    "change",
    [
        without(model_name=GPT, hwKey="mi325x_vllm"),
        halved(model_name=LLAMA),
        scaled("inter_x", 3, model_name=DEEPSEEK, hwKey="h200_sglang"),
        emptied("image"),
    ],
    ids=["hwkey", "records", "metric", "field"],
)
def test_a_change_is_news_once_and_its_end_is_none(rows: Store, change: Any) -> None:
    rows.add()
    assert rows.findings(rows.add(change, status="incomplete"))
    assert rows.findings(rows.add(change, status="incomplete")) == {}
    assert rows.findings(rows.add()) == {}


def test_only_versions_that_were_asked_the_same_are_compared(rows: Store) -> None:
    rows.add()
    other = rows.add(without(model_name=GPT), arguments={"models": LLAMA})
    assert rows.judged(other)["hwkeys_gone"].status == "skip"


@pytest.mark.parametrize(("limit", "found"), [("", True), ("record_drop_max = 0.6", False)])
def test_a_drop_is_measured_by_its_limit(rows: Store, limit: str, found: bool) -> None:  # noqa: FBT001
    rows.add()
    dropped = rows.add(halved(model_name=LLAMA))
    assert bool(rows.findings(dropped, f'[models."{LLAMA}"]\n{limit}')) is found
    assert rows.findings(dropped, f'[models."{GPT}"]\n{limit}')


def test_rejected_records_are_not_named_as_lost(points: Store) -> None:
    points.add()

    def rejecting(summary: Summary) -> None:
        for entry in summary["endpoint_details"]:
            entry["rejected"] = 200

    rejected = points.add(halved(model_name="gpt-oss 120B"), rejecting)
    assert list(points.findings(rejected)) == ["rejected_share"]


def test_minima_are_asked_without_an_earlier_version(points: Store) -> None:
    first = points.add()
    minima = '[models."gpt-oss 120B".records_min]\ntotal = 901\n"1k-1k" = 301\n"1k-8k e2e" = 150\n"8k-1k e2e" = 151'
    assert points.findings(first, minima)["record_counts"] == (
        "gpt-oss 120B: 900 records of total, at least 901 are expected",
        "gpt-oss 120B: 300 records of 1k-1k, at least 301 are expected",
        "gpt-oss 120B: 150 records of 8k-1k e2e, at least 151 are expected",
    )
    part = points.add(arguments={"sequences": "1k_1k"})
    assert points.findings(part, minima) == {}


def test_a_record_of_the_live_api_is_of_both_data_types(rows: Store) -> None:
    minima = f'[models."{LLAMA}".records_min]\n"1k-8k e2e" = 80\n"1k-8k interactivity" = 81\n"2k-2k" = 1'
    assert rows.findings(rows.add(), minima)["record_counts"] == (
        f"{LLAMA}: 80 records of 1k-8k interactivity, at least 81 are expected",
        f"{LLAMA}: 0 records of 2k-2k, at least 1 are expected",
    )


def test_a_field_is_not_gone_when_only_the_records_that_had_it_are(rows: Store) -> None:
    rows.add()
    agentic = rows.add(without(sequence_length="agentic-traces"))
    assert list(rows.findings(agentic)) == ["hwkeys_gone"]


def test_a_field_that_nobody_declared_is_missed_too(rows: Store) -> None:
    rows.add()
    emptied_ = rows.add(changed=lambda summary: summary["unknown_fields"].pop("metrics.avg_power_w"))
    (finding,) = rows.findings(emptied_)["fields_gone"]
    assert finding.startswith("field metrics.avg_power_w is gone: 1108 records of DeepSeek-R1-0528, GLM-5, ")


def test_what_follows_from_a_field_is_not_named_besides_it(rows: Store) -> None:
    rows.add()
    gone = rows.add(both(emptied("median_e2el"), emptied("e2e_x"), emptied("e2e_roof")))
    (finding,) = rows.findings(gone)["fields_gone"]
    assert finding.startswith("field median_e2el is gone: ")


def test_a_metric_with_a_value_that_is_no_number_is_no_new_field(rows: Store) -> None:
    rows.add()
    assert (
        rows.findings(rows.add(changed=lambda summary: summary["unknown_fields"].update({"metrics.p99_itl": 1}))) == {}
    )


@pytest.mark.parametrize(
    ("factor", "found"), [(1.2, False), (1.3, True), (0.8, False), (0.7, True)], ids=["+20", "+30", "-20", "-30"]
)
@pytest.mark.parametrize(
    ("column", "name"),
    [("tpPerGpu_y", "throughput per GPU"), ("e2e_x", "end-to-end latency"), ("inter_x", "interactivity")],
)
def test_a_shift_is_measured_by_its_limit(rows: Store, column: str, name: str, factor: float, found: bool) -> None:  # noqa: FBT001
    rows.add()
    shifted = rows.add(scaled(column, factor, model_name=GPT, hwKey="h100_vllm", sequence_length="1k-1k"))
    lines = rows.findings(shifted).get("distribution_shift", ())
    change = f"{factor - 1:+.0%}".replace("-", "−").replace("%", " %")
    assert lines == (
        (f"{GPT}: h100_vllm has moved since {BEFORE}: {name} {change} in 1k-1k (10 records)",) if found else ()
    )
    assert rows.findings(shifted, "[spiders.inferencex]\nshift_max = 0.31") == {}
    assert rows.findings(shifted, "[spiders.inferencex]\nshift_records_min = 11") == {}


def test_a_shift_of_the_static_generation_is_named_by_data_type(points: Store) -> None:
    points.add()
    shifted = points.add(
        scaled("x", 2, model_name="gpt-oss 120B", hwKey="h100", data_type="e2e", sequence_length="1k-1k")
    )
    assert points.findings(shifted)["distribution_shift"] == (
        f"gpt-oss 120B: h100 has moved since {BEFORE}: end-to-end latency +100 % in 1k-1k e2e (15 records)",
    )


def test_a_few_records_that_moved_move_no_median(rows: Store) -> None:
    rows.add()
    few = scaled("tpPerGpu_y", 5, model_name=GPT, hwKey="h100_vllm", conc=16)
    assert rows.findings(rows.add(few)) == {}
    assert rows.findings(rows.add(few), "[defaults]\nshift_records_min = 1") == {}


def test_a_curve_may_move_as_far_as_its_history_shows(rows: Store) -> None:
    curve = {"model_name": GPT, "hwKey": "h100_vllm"}
    for factor in (1.3, 1.0, 1.3, 1.0):
        rows.add(scaled("tpPerGpu_y", factor, **curve))
    again = rows.add(scaled("tpPerGpu_y", 1.3, **curve))
    assert rows.findings(again) == {}
    assert list(rows.findings(again, "[defaults]\nshift_spread = 0.5")) == ["distribution_shift"]
    assert list(rows.findings(again, "[defaults]\nshift_versions = 3")) == ["distribution_shift"]
    further = rows.add(scaled("tpPerGpu_y", 2.6, **curve))
    assert list(rows.findings(further)) == ["distribution_shift"]


def test_two_earlier_changes_are_no_history(rows: Store) -> None:
    curve = {"model_name": GPT, "hwKey": "h100_vllm"}
    for factor in (1.0, 1.3, 1.0):
        rows.add(scaled("tpPerGpu_y", factor, **curve))
    assert list(rows.findings(rows.add(scaled("tpPerGpu_y", 1.3, **curve)))) == ["distribution_shift"]


NEWEST = "2026-05-05"
"""The day of the newest measurement of most models; that of Llama is older."""


def test_a_model_is_stale_once(rows: Store) -> None:
    first = rows.add(day="20260604")
    second = rows.add(day="20260605")
    third = rows.add(day="20260606")
    assert rows.findings(first) == rows.findings(third) == {}
    lines = rows.findings(second)["stale_data"]
    assert [line.split()[2] for line in lines] == ["dsr1:", "gptoss120b:", "glm5.1:", "kimik2.5:", "qwen3.5:"]
    assert lines[0] == f"model key dsr1: nothing was measured since {NEWEST}, for more than 30 days"
    assert rows.judged(second)["stale_data"].severity == "warning"


def test_what_was_stale_already_is_named_when_asked_for(rows: Store) -> None:
    first = rows.add(day="20260604")
    (finding,) = rows.findings(first, f'[models."{LLAMA}"]\nstale_known = true')["stale_data"]
    assert finding.startswith("model key llama70b: nothing was measured since 2025-12-19")
    assert rows.findings(first, f'[models."{LLAMA}"]\nstale_known = true\nstale_days = 300') == {}


def test_a_run_for_a_day_of_its_own_choice_is_not_asked_for_its_age(rows: Store) -> None:
    assert rows.judged(rows.add(arguments={"mode": "as_of", "date": "2026-05-05"}))["stale_data"].status == "skip"


def test_records_without_days_have_no_age(points: Store) -> None:
    assert points.judged(points.add())["stale_data"].status == "skip"


@pytest.mark.parametrize("text", ["", "no Parquet"])
def test_records_that_cannot_be_read_are_not_judged(rows: Store, text: str) -> None:
    rows.add()
    folder: Path = rows.add()
    (folder / "benchmarks.parquet").write_text(text)
    answers = rows.judged(folder)
    assert answers["hwkeys_gone"].status == "skip"
    assert answers["hwkeys_gone"].observed == f"benchmarks.parquet of {folder.name} cannot be read"
    assert [name for name, check in answers.items() if check.findings] == []
    assert answers["endpoints_ok"].status == "pass"


def test_severities_come_from_the_expectations(rows: Store) -> None:
    rows.add()
    dropped = rows.add(halved(model_name=LLAMA))
    as_warning = rows.judged(dropped, '[defaults.severity]\nrecord_counts = "warning"')["record_counts"]
    assert (as_warning.status, as_warning.severity, as_warning.decisive) == ("fail", "warning", False)
    off = rows.judged(dropped, '[defaults.severity]\nrecord_counts = "off"')["record_counts"]
    assert (off.status, off.findings) == ("skip", ())
    assert rows.judged(dropped)["record_counts"].decisive
