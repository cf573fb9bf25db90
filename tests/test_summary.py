"""The manifest: counts that add up, files with their digests, and the status of the run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider import summary
from inferencemax_spider.extensions.ledger import Outcome
from inferencemax_spider.items import STATES
from tests.factories import body, capture, endpoint, outcome, processed, row

EMPTY = outcome(state="empty", hwkeys={})
COUNTS = st.dictionaries(st.sampled_from(["b200", "b200_trt", "h100"]), st.integers(1, 9))
OUTCOMES = st.lists(
    st.builds(
        lambda state, model, counts: outcome(endpoint(model=model), counts, state=state),
        st.sampled_from(STATES),
        st.sampled_from(["A", "B"]),
        COUNTS,
    )
)


@pytest.mark.parametrize(
    ("outcomes", "passed", "reason", "errors", "expected"),
    [
        ([outcome()], True, "finished", {}, "complete"),
        ([outcome(), EMPTY], False, "finished", {}, "incomplete"),
        ([EMPTY], False, "finished", {}, "failed"),
        ([], True, "finished", {}, "failed"),
        ([outcome()], True, "output_failed", {"a.csv": "disk full"}, "failed"),
        ([outcome()], True, "shutdown", {}, "cancelled"),
        ([EMPTY], False, "shutdown", {"a.csv": "disk full"}, "cancelled"),
    ],
)
def test_the_status_of_a_run(
    outcomes: list[Outcome],
    passed: bool,  # noqa: FBT001 - a case of the table
    reason: str,
    errors: dict[str, str],
    expected: str,
) -> None:
    assert summary.status_of(outcomes, reason, errors, passed=passed) == expected


def test_every_status_has_the_exit_status_that_is_documented() -> None:
    assert summary.EXIT_STATUS == {"complete": 0, "incomplete": 3, "failed": 1, "cancelled": 130}


@given(OUTCOMES)
def test_the_states_always_add_up_to_the_plan(outcomes: list[Outcome]) -> None:
    counts = summary.endpoints(outcomes)
    assert counts.pop("planned") == len(outcomes) == sum(counts.values())
    assert tuple(counts) == STATES


@given(OUTCOMES)
def test_hwkeys_of_the_models_add_up_to_those_of_the_run(outcomes: list[Outcome]) -> None:
    counts = summary.hwkeys(outcomes)
    assert sum(map(Counter, counts["models"].values()), Counter()) == +Counter(counts["run"])
    assert sum(counts["run"].values()) == sum(outcome.records for outcome in outcomes)


@given(OUTCOMES)
def test_the_hwkey_that_was_once_lost_is_counted_everywhere(outcomes: list[Outcome]) -> None:
    counts = summary.hwkeys(outcomes)
    assert "b200_trt" in counts["run"]
    assert all("b200_trt" in of_model for of_model in counts["models"].values())


def test_coverage_sets_what_was_expected_against_what_was_seen() -> None:
    at = endpoint(expected_hwkeys=("b200_trt", "h100"))
    (line,) = summary.coverage([outcome(at, {"b200": 3, "h100": 1})])
    assert line["expected_hwkeys"] == ["b200_trt", "h100"]
    assert line["missing_hwkeys"] == ["b200_trt"]
    assert line["seen_hwkeys"] == {"b200": 3, "h100": 1}


def test_a_merge_that_was_not_written_is_not_counted() -> None:
    assert summary.merge({"records/count": 5}) is None


def test_a_merge_is_counted_over_all_groups() -> None:
    stats = {
        "merge/rows": 9,
        "merge/matched": 4,
        "merge/only_e2e/A 1k-1k": 2,
        "merge/only_e2e/B 1k-1k": 1,
        "merge/only_interactivity/A 1k-1k": 2,
    }
    assert summary.merge(stats) == {
        "rows": 9,
        "matched": 4,
        "only_e2e": 3,
        "only_interactivity": 2,
        "unmatched": {"e2e": {"A 1k-1k": 2, "B 1k-1k": 1}, "interactivity": {"A 1k-1k": 2}},
    }


def test_files_are_listed_with_size_and_digest_but_not_the_summary_itself(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    contents = {"a.csv": b"a,b\n", "raw/b.json": b"[]", "empty.csv": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / summary.FILE_NAME).write_bytes(b"{}")
    assert summary.files(tmp_path) == {
        name: {"bytes": len(content), "sha256": sha256(content).hexdigest()} for name, content in contents.items()
    }


def test_the_software_that_made_the_files_is_named() -> None:
    versions = summary.software()
    assert set(versions) == {"inferencemax-spider", "python", *summary.SOFTWARE}
    assert all(text for text in versions.values())


def test_timings_come_from_the_stats() -> None:
    stats = {"downloader/request_count": 20, "retry/count": 2, "retry/waited_ms": 1500}
    timings = summary.timings(datetime.now(UTC), 1.23456, stats)
    assert timings["network_seconds"] == 1.235
    assert (timings["requests"], timings["retries"], timings["retry_wait_seconds"]) == (20, 2, 1.5)
    assert datetime.fromisoformat(timings["started_at"]) <= datetime.fromisoformat(timings["finished_at"])


def test_the_whole_is_json_and_its_totals_are_those_of_the_endpoints() -> None:
    items = [
        processed(capture(body(row(), row(), row(x=0), row(conc=17, image="v1", hwKey="b200_trt")))),
        processed(capture(b"<html>", endpoint(1, "interactivity"))),
    ]
    built = json.loads(json.dumps(summary.build([Outcome.of(item) for item in items], {})))
    assert (built["records"], built["rejected"], built["b200_trt_count"]) == (3, 1, 1)
    assert built["unknown_fields"] == {"image": 1}
    assert [identity["count"] for identity in built["duplicates"]] == [2]
    assert [detail["state"] for detail in built["endpoint_details"]] == ["ok", "invalid"]
    assert built["endpoint_details"][0]["url"] == endpoint().url
    assert built["merged"] is None
