"""The coverage checks: each loss is named in a line of its own, and what could not be asked is skipped."""

from __future__ import annotations

from typing import Any

import pytest

from inferencemax_spider.extensions.ledger import Outcome
from inferencemax_spider.quality import checks
from tests.factories import MODEL, endpoint, outcome

MERGED = {"merge/rows": 10, "merge/matched": 10}


def side(data_type: str, **changes: Any) -> Outcome:
    return outcome(endpoint(data_type=data_type, **changes))


BOTH = [side("e2e"), side("interactivity")]


def test_a_run_that_brought_everything_passes_every_check() -> None:
    answers = checks.run_all(BOTH, MERGED, 0.0)
    assert {answer.name: answer.status for answer in answers} == {
        "endpoints_ok": "pass",
        "expected_hwkeys": "pass",
        "rejected_share": "pass",
        "merge_complete": "pass",
    }


def test_every_answer_says_what_was_expected_and_what_was_observed() -> None:
    for answer in checks.run_all([*BOTH, outcome(state="failed", reason="gone", hwkeys={})], MERGED, 0.0):
        assert answer.expected
        assert answer.observed


@pytest.mark.parametrize("state", ["empty", "invalid", "failed", "not_attempted"])
def test_an_endpoint_that_is_not_ok_is_named_with_state_and_reason(state: Any) -> None:
    answer = checks.endpoints_ok([side("e2e"), outcome(state=state, reason="so it is", hwkeys={})])
    assert answer.status == "fail"
    assert answer.findings == (f"{MODEL} 1k-8k e2e: {state}: so it is",)
    assert answer.observed == "1 ok"


def test_a_hwkey_that_is_missing_from_the_whole_model_is_named_once() -> None:
    lost = [outcome(endpoint(index), {"b200": 5}) for index in range(6)]
    answer = checks.expected_hwkeys(lost)
    assert len(answer.findings) == 1
    assert MODEL in answer.findings[0]
    assert "b200_trt" in answer.findings[0]


def test_a_hwkey_that_is_missing_from_one_endpoint_is_named_with_it() -> None:
    answer = checks.expected_hwkeys([side("e2e"), outcome(endpoint(1, "interactivity"), {"b200": 5})])
    assert answer.status == "fail"
    assert answer.findings == (f"{MODEL} 1k-8k interactivity: the expected hwKey b200_trt is missing",)


def test_an_endpoint_that_brought_nothing_is_not_named_for_its_hwkeys_too() -> None:
    dead = outcome(endpoint(1, "interactivity"), {}, state="failed", reason="HTTP 500")
    assert checks.expected_hwkeys([side("e2e"), dead]).findings == ()
    assert len(checks.endpoints_ok([side("e2e"), dead]).findings) == 1


def test_a_model_that_was_lost_as_a_whole_is_named_though_no_endpoint_answered() -> None:
    dead = outcome(endpoint(model="Llama"), {}, state="failed", reason="HTTP 404")
    answer = checks.expected_hwkeys([*BOTH, dead])
    assert [("Llama" in finding, "b200_trt" in finding) for finding in answer.findings] == [(True, True)]


def test_one_model_does_not_cover_for_another() -> None:
    answer = checks.expected_hwkeys([*BOTH, outcome(endpoint(model="Llama"), {"b200": 9})])
    assert answer.status == "fail"
    assert all("Llama" in finding for finding in answer.findings)


def test_each_expected_hwkey_is_looked_for() -> None:
    at = endpoint(expected_hwkeys=("b200_trt", "h200_trt", "gb200"))
    answer = checks.expected_hwkeys([outcome(at, {"h200_trt": 1})])
    assert [key for key in at.expected_hwkeys if any(key in line for line in answer.findings)] == ["b200_trt", "gb200"]


def test_a_hwkey_with_a_similar_name_does_not_count() -> None:
    assert checks.expected_hwkeys([outcome(hwkeys={"b200_trt_mtp": 3, "gb200_trt": 2})]).status == "fail"


def test_a_hwkey_that_nobody_expects_is_not_missed() -> None:
    assert checks.expected_hwkeys([outcome(endpoint(expected_hwkeys=()), {"b200": 1})]).status == "pass"


@pytest.mark.parametrize(
    ("rejected", "largest", "status"),
    [(0, 0.0, "pass"), (1, 0.0, "fail"), (1, 0.1, "pass"), (2, 0.1, "fail"), (10, 1.0, "pass")],
)
def test_rejections_count_by_their_share_of_what_was_received(rejected: int, largest: float, status: str) -> None:
    received = outcome(hwkeys={"b200_trt": 10 - rejected}, rejected=rejected)
    assert checks.rejected_share([received], largest).status == status


def test_the_share_is_of_the_run_and_the_endpoints_are_named() -> None:
    spoilt = outcome(endpoint(1, "interactivity"), {"b200_trt": 1}, rejected=1)
    clean = outcome(hwkeys={"b200_trt": 98})
    assert checks.rejected_share([clean, spoilt], 0.01).status == "pass"
    answer = checks.rejected_share([clean, spoilt], 0.005)
    assert len(answer.findings) == 1
    assert "interactivity: 1 of 2 records rejected" in answer.findings[0]


def test_nothing_received_is_no_share() -> None:
    assert checks.rejected_share([outcome(state="failed", hwkeys={})], 0.0).status == "pass"


@pytest.mark.parametrize("name", ["e2e", "interactivity"])
def test_unmatched_rows_are_named_by_side_and_group(name: str) -> None:
    both = [*BOTH, *(side(data_type, sequence="1k-1k") for data_type in ("e2e", "interactivity"))]
    lost, whole = f"merge/only_{name}/{MODEL} 1k-1k", f"merge/only_{name}/{MODEL} 1k-8k"
    answer = checks.merge_complete(both, {"merge/rows": 10, "merge/matched": 7, lost: 3, whole: 0})
    assert answer.status == "fail"
    assert answer.findings == (f"3 rows of the merged CSV have {name} only: {MODEL} 1k-1k",)
    assert answer.observed == "3 unmatched"


@pytest.mark.parametrize("data_type", ["e2e", "interactivity"])
def test_a_run_of_one_data_type_cannot_match_and_is_not_asked_to(data_type: str) -> None:
    stats = {"merge/rows": 5, "merge/matched": 0, f"merge/only_{data_type}/A 1k-1k": 5}
    assert checks.merge_complete([side(data_type)], stats).status == "skip"


def test_a_merge_that_was_not_written_is_not_judged() -> None:
    assert checks.merge_complete(BOTH, {}).status == "skip"


def test_every_finding_is_one_line() -> None:
    bad = outcome(endpoint(1, "interactivity"), {}, state="invalid", reason="not JSON", rejected=2)
    stats = MERGED | {"merge/only_e2e/A 1k-1k": 1}
    findings = [line for answer in checks.run_all([side("e2e"), bad], stats, 0.0) for line in answer.findings]
    assert findings
    assert not [line for line in findings if "\n" in line]


def test_a_plan_that_ends_between_two_data_types_is_not_incomplete_for_it() -> None:
    planned = [*BOTH, outcome(endpoint(index=2, sequence="8k-1k"))]
    stats = MERGED | {"merge/only_e2e/gpt-oss 120B 8k-1k": 2}
    assert checks.merge_complete(planned, stats).status == "pass"
    assert checks.merge_complete(planned, stats | {"merge/only_e2e/gpt-oss 120B 1k-8k": 2}).status == "fail"
