"""When somebody is told."""

from __future__ import annotations

from typing import Any

import pytest

from inferencemax_spider.notify.rules import RULES, due, parsed
from tests.notify.summaries import changes, summary

COMPLETE, INCOMPLETE, FAILED, CANCELLED = (
    summary(status) for status in ("complete", "incomplete", "failed", "cancelled")
)
SAME = summary(changes=changes())


@pytest.mark.parametrize(
    ("rule", "run", "before", "expected"),
    [
        ("failure", FAILED, None, True),
        ("failure", CANCELLED, None, True),
        ("failure", INCOMPLETE, None, False),
        ("incomplete", INCOMPLETE, None, True),
        ("incomplete", FAILED, None, False),
        ("recovery", COMPLETE, INCOMPLETE, True),
        ("recovery", COMPLETE, FAILED, True),
        ("recovery", COMPLETE, COMPLETE, False),
        ("recovery", COMPLETE, None, False),
        ("recovery", INCOMPLETE, FAILED, False),
        ("change", COMPLETE, None, True),
        ("change", FAILED, None, False),
        ("change", SAME, COMPLETE, False),
        ("change", summary(changes=changes(changed=1)), COMPLETE, True),
        ("change", summary(changes=changes(added=1)), COMPLETE, True),
        ("change", summary(changes=None), COMPLETE, False),
        ("always", SAME, COMPLETE, True),
    ],
)
def test_a_rule_asks_for_a_message(rule: Any, run: Any, before: Any, expected: bool) -> None:  # noqa: FBT001
    assert due(run, before, {rule}) is expected


def test_without_rules_nobody_is_told() -> None:
    assert not due(FAILED, COMPLETE, parsed(" "))


def test_rules_are_read_in_any_case_and_unknown_ones_are_refused() -> None:
    assert parsed("Failure, recovery,") == {"failure", "recovery"}
    assert parsed(",".join(RULES)) == set(RULES)
    with pytest.raises(ValueError, match=r"unknown rule 'sometimes'; valid: failure, incomplete, change"):
        parsed("failure,sometimes")
