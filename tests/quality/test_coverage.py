"""Whether everything came: each loss is named in a line of its own, and what could not be asked is skipped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider import summary
from inferencemax_spider.extensions.ledger import Outcome
from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence
from inferencemax_spider.quality.expectations import Book, Expectations
from inferencemax_spider.quality.suite import judge
from tests.factories import MODEL, endpoint, outcome

MERGED = {"merge/rows": 10, "merge/matched": 10}


def side(data_type: str, **changes: Any) -> Outcome:
    return outcome(endpoint(data_type=data_type, **changes))


BOTH = [side("e2e"), side("interactivity")]


def asked(
    outcomes: list[Outcome], stats: dict[str, Any] = MERGED, expected: Expectations | None = None, **changes: Any
) -> dict[str, Check]:
    """Return the answer of each monitor to a run with these *outcomes*, whose summary has these *changes*."""
    whole = {
        "spider": "inferencemax",
        "version": "20260101T000000Z",
        "finish_reason": "finished",
        "site": "127.0.0.1",
        "arguments": {},
        "promised": {},
        "remarks": [],
        "output_errors": {},
        "timings": {"started_at": "2026-01-01T00:00:00+00:00", "requests": 10, "retries": 0},
        **summary.build(outcomes, stats),
        **changes,
    }
    evidence = Evidence(Path("/nowhere/at-all"), whole, expected or Expectations())
    return {check.name: check for check in judge(evidence)}


def with_limits(**limits: Any) -> Expectations:
    return Book.model_validate({"defaults": limits}).of("inferencemax")


def test_a_first_run_that_brought_everything_has_no_findings_and_its_records_are_not_read() -> None:
    answers = asked(BOTH)
    assert {name: check.status for name, check in answers.items()} == {
        "endpoints_ok": "pass",
        "models_covered": "skip",
        "expected_hwkeys": "pass",
        "rejected_share": "pass",
        "unasked_rows": "pass",
        "merge_complete": "pass",
        "finish_reason": "pass",
        "hwkeys_gone": "skip",
        "record_counts": "skip",
        "fields_gone": "skip",
        "fields_new": "skip",
        "distribution_shift": "skip",
        "stale_data": "skip",
        "duplicates": "pass",
        "retries": "pass",
    }


def test_every_answer_says_what_was_expected_and_observed_in_one_line_each() -> None:
    bad = outcome(endpoint(1, "interactivity"), {}, state="invalid", reason="not JSON", rejected=2)
    for check in asked([side("e2e"), bad], MERGED | {"merge/only_e2e/A 1k-1k": 1}).values():
        lines = (check.expected, check.observed, check.message, *check.findings)
        assert [line for line in lines if not line or "\n" in line] == []


@pytest.mark.parametrize("state", ["empty", "invalid", "failed", "not_attempted"])
def test_an_endpoint_that_is_not_ok_is_named_with_state_and_reason(state: Any) -> None:
    answer = asked([side("e2e"), outcome(state=state, reason="so it is", hwkeys={})])["endpoints_ok"]
    assert answer.findings == (f"{MODEL} 1k-8k e2e: {state}: so it is",)
    assert answer.observed == "1 ok"


def test_an_endpoint_without_a_model_is_named_by_its_dataset() -> None:
    lost = outcome(
        endpoint(model="", sequence="", data_type="", dataset="availability"), {}, state="failed", reason="x"
    )
    assert asked([*BOTH, lost])["endpoints_ok"].findings == ("availability: failed: x",)


def test_an_endpoint_may_end_in_a_state_that_is_accepted_but_a_model_not_in_nothing() -> None:
    tried = [endpoint(index, sequence=str(index), accepted=("empty",)) for index in range(2)]
    empty = [outcome(at, {}, state="empty") for at in tried]
    assert asked([*BOTH, empty[0]])["endpoints_ok"].findings == ()
    assert asked(empty)["endpoints_ok"].findings == (f"{MODEL}: no rows in any of its endpoints",)


def test_a_model_of_which_other_shards_ask_too_is_judged_where_they_are_together() -> None:
    mine, other = (endpoint(index, url=f"http://127.0.0.1/{index}", accepted=("empty",)) for index in range(2))
    empty = [outcome(mine, {}, state="empty")]
    plan = [{"model": MODEL, "url": at.url} for at in (mine, other)]
    assert asked(empty, shard={"number": 1, "of": 2, "plan": plan})["endpoints_ok"].findings == ()
    alone = asked(empty, shard={"number": 1, "of": 2, "plan": plan[:1]})["endpoints_ok"]
    assert alone.findings == (f"{MODEL}: no rows in any of its endpoints",)


def test_a_model_key_that_did_not_come_or_is_stale_is_named() -> None:
    came = outcome(newest={"dsr1": "2026-01-02", "kimik3": "2026-01-01"})
    promised = {"dsr1": "2026-01-02", "kimik3": "2026-01-02", "gemma4": "2026-01-02", "new": "2026-01-02"}
    answer = asked([came], promised=promised, remarks=["odd"])["models_covered"]
    assert answer.findings == (
        "odd",
        "model key kimik3: the newest rows are of 2026-01-01, 2026-01-02 is available: a stale answer",
        "model key gemma4 is available (of Gemma-4-31B), and no response covered it",
        "model key new is available (no display name is known for it), and no response covered it",
    )
    assert answer.observed == "2 came"


def test_rows_of_a_model_that_came_as_those_of_another_are_named() -> None:
    came = [
        outcome(endpoint(0, model="DeepSeek-R1-0528"), newest={"dsr1": "2026-01-02", "gptoss120b": "2026-01-02"}),
        outcome(endpoint(1, model="Kimi-K2.5"), newest={"kimik2.6": "2026-01-02", "kimik2.9": "2026-01-02"}),
        outcome(endpoint(2, model="Kimi-K9"), newest={"kimik2.9": "2026-01-02", "kimik3": "2026-01-02"}),
    ]
    answer = asked(came, promised={"dsr1": "2026-01-02"})["models_covered"]
    assert answer.findings == (
        "rows of model key gptoss120b (of gpt-oss-120b) came as those of DeepSeek-R1-0528",
        "rows of model key kimik2.9 came as those of several models: Kimi-K2.5, Kimi-K9",
    )


@pytest.mark.parametrize(("status", "exception", "found"), [(404, None, 0), (500, None, 1), (None, "Timeout", 1)])
def test_display_names_may_be_absent_but_not_fail(status: int | None, exception: str | None, found: int) -> None:
    at = endpoint(2, "", model="", sequence="", dataset="openapi", accepted=("failed",))
    answer = asked([*BOTH, outcome(at, {}, state="failed", reason="so", http_status=status, exception=exception)])
    assert answer["endpoints_ok"].findings == ("openapi: failed: so",) * found


def test_a_hwkey_that_is_missing_from_the_whole_model_is_named_once() -> None:
    lost = [outcome(endpoint(index), {"b200": 5}) for index in range(6)]
    assert asked(lost)["expected_hwkeys"].findings == (
        f"{MODEL}: the expected hwKey b200_trt is missing from all of its 6 endpoints",
    )


def test_a_hwkey_that_is_missing_from_one_endpoint_is_named_with_it() -> None:
    answer = asked([side("e2e"), outcome(endpoint(1, "interactivity"), {"b200": 5})])["expected_hwkeys"]
    assert answer.findings == (f"{MODEL} 1k-8k interactivity: the expected hwKey b200_trt is missing",)


def test_an_endpoint_that_brought_nothing_is_not_named_for_its_hwkeys_too() -> None:
    dead = outcome(endpoint(1, "interactivity"), {}, state="failed", reason="HTTP 500")
    answers = asked([side("e2e"), dead])
    assert answers["expected_hwkeys"].findings == ()
    assert len(answers["endpoints_ok"].findings) == 1


def test_a_model_that_was_lost_as_a_whole_is_named_though_no_endpoint_answered() -> None:
    dead = outcome(endpoint(model="Llama"), {}, state="failed", reason="HTTP 404")
    (finding,) = asked([*BOTH, dead])["expected_hwkeys"].findings
    assert finding.startswith("Llama: the expected hwKey b200_trt")


@pytest.mark.parametrize("similar", ["b200_trt_mtp", "gb200_trt", "b200"])
def test_a_hwkey_with_a_similar_name_does_not_count(similar: str) -> None:
    assert asked([outcome(hwkeys={similar: 3})])["expected_hwkeys"].status == "fail"


def test_expectations_require_and_excuse_hwkeys() -> None:
    required = with_limits(required_hwkeys=["b200_trt", "h200"])
    (finding,) = asked(BOTH, expected=required)["expected_hwkeys"].findings
    assert "the expected hwKey h200 is missing" in finding
    excused = with_limits(excused_hwkeys=["b200_trt"])
    assert asked([outcome(hwkeys={"b200": 1})], expected=excused)["expected_hwkeys"].findings == ()


@pytest.mark.parametrize(
    ("rejected", "largest", "status"),
    [(0, 0.0, "pass"), (1, 0.0, "fail"), (1, 0.1, "pass"), (2, 0.1, "fail"), (10, 1.0, "pass")],
)
def test_rejections_count_by_their_share_of_what_was_received(rejected: int, largest: float, status: str) -> None:
    received = outcome(hwkeys={"b200_trt": 10 - rejected}, rejected=rejected)
    limits = with_limits(rejected_share_max=largest)
    assert asked([received], expected=limits)["rejected_share"].status == status


def test_the_share_is_of_the_run_and_the_endpoints_are_named() -> None:
    spoilt = outcome(endpoint(1, "interactivity"), {"b200_trt": 1}, rejected=1)
    run = [outcome(hwkeys={"b200_trt": 98}), spoilt]
    assert asked(run, expected=with_limits(rejected_share_max=0.01))["rejected_share"].status == "pass"
    answer = asked(run, expected=with_limits(rejected_share_max=0.005))["rejected_share"]
    assert answer.findings == (f"{MODEL} 1k-8k interactivity: 1 of 2 records rejected; see rejected.jsonl",)


def test_nothing_received_is_no_share() -> None:
    assert asked([outcome(state="failed", hwkeys={})])["rejected_share"].status == "pass"


def test_rows_that_were_not_asked_for_are_named_and_make_nothing_incomplete() -> None:
    bad = outcome(endpoint(data_type="e2e"), unasked=Counter({"model key dsr1": 3, "day 2026-01-01": 2}))
    answer = asked([bad, side("interactivity")])["unasked_rows"]
    assert answer.findings == (
        f"{MODEL} 1k-8k e2e: 5 rows were not asked for and are left out: model key dsr1, day 2026-01-01",
    )
    assert (answer.observed, answer.decisive) == ("5 others", False)


@pytest.mark.parametrize("name", ["e2e", "interactivity"])
def test_unmatched_rows_are_named_by_side_and_group(name: str) -> None:
    run = [*BOTH, *(side(data_type, sequence="1k-1k") for data_type in ("e2e", "interactivity"))]
    lost, whole = f"merge/only_{name}/{MODEL} 1k-1k", f"merge/only_{name}/{MODEL} 1k-8k"
    answer = asked(run, {"merge/rows": 10, "merge/matched": 7, lost: 3, whole: 0})["merge_complete"]
    assert answer.findings == (f"3 rows of the merged CSV have {name} only: {MODEL} 1k-1k",)
    assert answer.observed == "3 unmatched"


@pytest.mark.parametrize("data_type", ["e2e", "interactivity"])
def test_a_run_of_one_data_type_cannot_match_and_is_not_asked_to(data_type: str) -> None:
    stats = {"merge/rows": 5, "merge/matched": 0, f"merge/only_{data_type}/A 1k-1k": 5}
    assert asked([side(data_type)], stats)["merge_complete"].status == "skip"


def test_a_merge_that_was_not_written_is_not_judged() -> None:
    assert asked(BOTH, {})["merge_complete"].status == "skip"


def test_a_plan_that_ends_between_two_data_types_is_not_incomplete_for_it() -> None:
    planned = [*BOTH, outcome(endpoint(index=2, sequence="8k-1k"))]
    stats = MERGED | {"merge/only_e2e/gpt-oss 120B 8k-1k": 2}
    assert asked(planned, stats)["merge_complete"].status == "pass"
    assert asked(planned, stats | {"merge/only_e2e/gpt-oss 120B 1k-8k": 2})["merge_complete"].status == "fail"


def test_a_crawl_that_was_cut_short_is_named_unless_its_outputs_failed() -> None:
    assert asked(BOTH, finish_reason="closespider_timeout")["finish_reason"].findings == (
        "the crawl did not go to its end: closespider_timeout",
    )
    failed = asked(BOTH, finish_reason="output_failed", output_errors={"a.csv": "No space left on device"})
    assert failed["finish_reason"].findings == ()


@pytest.mark.parametrize(("retries", "found"), [(5, False), (6, True)])
def test_retries_are_named_from_more_than_half_of_the_requests(retries: int, found: bool) -> None:  # noqa: FBT001
    answer = asked(BOTH, timings={"requests": 10, "retries": retries})["retries"]
    assert bool(answer.findings) is found
    assert answer.severity == "warning"
    assert not answer.decisive


def test_shared_identities_are_a_warning_and_the_first_few_are_named() -> None:
    shared = tuple({"model_name": MODEL, "conc": conc, "offload_mode": None, "count": 2} for conc in range(7))
    answer = asked([outcome(duplicates=shared)])["duplicates"]
    assert answer.findings[0] == f"2 records share one identity: {MODEL} 0"
    assert answer.findings[5] == "2 further identities are shared; summary.json has them all"
    assert len(answer.findings) == 6
    assert answer.severity == "warning"
    assert asked([outcome(duplicates=shared)], expected=with_limits(duplicates_max=7))["duplicates"].status == "pass"


def test_a_summary_of_an_older_release_is_judged_by_what_it_says() -> None:
    old = summary.build(BOTH, MERGED)
    merged = {name: value for name, value in old["merged"].items() if name != "unmatched"}
    details = [
        {k: v for k, v in entry.items() if k not in {"accepted", "dataset", "newest"}}
        for entry in old["endpoint_details"]
    ]
    answers = asked(BOTH, merged=merged, endpoint_details=details, promised={"dsr1": "2026-01-01"})
    skipped = {
        name: answers[name].observed for name in ("endpoints_ok", "models_covered", "stale_data", "merge_complete")
    }
    assert skipped == {
        "endpoints_ok": "the summary does not say 'accepted': an older release wrote it",
        "models_covered": "the summary does not say 'newest': an older release wrote it",
        "stale_data": "the summary does not say 'newest': an older release wrote it",
        "merge_complete": "the summary does not say 'unmatched': an older release wrote it",
    }
    assert answers["expected_hwkeys"].status == "pass"


def test_a_monitor_that_breaks_is_named_and_silences_none(caplog: pytest.LogCaptureFixture) -> None:
    answers = asked(BOTH, timings={"retries": 0})
    assert answers["retries"].findings == ("internal error: monitor retries: KeyError: 'requests'",)
    assert answers["retries"].decisive
    assert len(answers) == len(asked(BOTH))
    assert [name for name, check in answers.items() if check.findings] == ["retries"]
    assert "Monitor retries broke" in caplog.text
