"""The coverage checks: what was expected and did not come is named, in one line each, and makes a run incomplete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from inferencemax_spider.catalog import DATA_TYPES
from inferencemax_spider.extensions.ledger import Outcome

Status = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Check:
    """A question about a run and its answer; ``findings`` has one line for each thing that is wrong."""

    name: str
    expected: str
    observed: str
    findings: tuple[str, ...] = ()
    skipped: bool = False

    @property
    def status(self) -> Status:
        """``pass``, ``fail``, or ``skip`` when the run does not allow an answer."""
        if self.skipped:
            return "skip"
        return "fail" if self.findings else "pass"


def run_all(outcomes: Sequence[Outcome], stats: Mapping[str, Any], rejected_share_max: float) -> list[Check]:
    """Return the answers to all checks, from the *outcomes* of the plan and the crawl's *stats*."""
    return [
        endpoints_ok(outcomes),
        expected_hwkeys(outcomes),
        rejected_share(outcomes, rejected_share_max),
        merge_complete(outcomes, stats),
    ]


def endpoints_ok(outcomes: Sequence[Outcome]) -> Check:
    """Check that every planned endpoint is ``ok``."""
    findings = tuple(
        f"{outcome.endpoint.name}: {outcome.state}: {outcome.reason}" for outcome in outcomes if outcome.state != "ok"
    )
    return Check(
        "endpoints_ok",
        expected=f"{len(outcomes)} endpoints ok",
        observed=f"{len(outcomes) - len(findings)} ok",
        findings=findings,
    )


def expected_hwkeys(outcomes: Sequence[Outcome]) -> Check:
    """Check that the hwKeys that the catalogue expects of a model are in each of its endpoints."""
    pairs = [(outcome, hwkey) for outcome in outcomes for hwkey in outcome.endpoint.expected_hwkeys]
    by_curve: dict[tuple[str, str], list[Outcome]] = {}
    for outcome, hwkey in pairs:
        by_curve.setdefault((outcome.endpoint.model, hwkey), []).append(outcome)
    findings = tuple(line for (model, hwkey), where in by_curve.items() for line in _lost(model, hwkey, where))
    return Check(
        "expected_hwkeys",
        expected=f"{len(pairs)} expected hwKeys, by endpoint",
        observed=f"{sum(hwkey in outcome.hwkeys for outcome, hwkey in pairs)} seen",
        findings=findings,
    )


def _lost(model: str, hwkey: str, where: Sequence[Outcome]) -> Iterator[str]:
    """Yield a line when *hwkey* is nowhere in the *model*, else one for each endpoint that has records but lacks it."""
    if not any(hwkey in outcome.hwkeys for outcome in where):
        yield f"{model}: the expected hwKey {hwkey} is missing from all of its {len(where)} endpoints"
        return
    for outcome in where:
        if outcome.state == "ok" and hwkey not in outcome.hwkeys:
            yield f"{outcome.endpoint.name}: the expected hwKey {hwkey} is missing"


def rejected_share(outcomes: Sequence[Outcome], largest: float) -> Check:
    """Check that not more than the share *largest* of all records received was rejected."""
    rejected = sum(outcome.rejected for outcome in outcomes)
    received = rejected + sum(outcome.records for outcome in outcomes)
    share = rejected / received if received else 0.0
    findings = tuple(
        f"{outcome.endpoint.name}: {outcome.rejected} of {outcome.records + outcome.rejected} records rejected; "
        "see rejected.jsonl"
        for outcome in outcomes
        if outcome.rejected
    )
    return Check(
        "rejected_share",
        expected=f"at most {largest:.2%} of the records rejected",
        observed=f"{rejected} of {received}: {share:.2%}",
        findings=findings if share > largest else (),
    )


def merge_complete(outcomes: Sequence[Outcome], stats: Mapping[str, Any]) -> Check:
    """Check that every e2e record has its interactivity record, and the other way round."""
    name, expected = "merge_complete", "no unmatched rows in the merged CSV"
    if {outcome.endpoint.data_type for outcome in outcomes} != set(DATA_TYPES):
        return Check(name, expected, "only one data type was planned", skipped=True)
    if "merge/rows" not in stats:
        return Check(name, expected, "the merged CSV was not written", skipped=True)
    findings = tuple(
        f"{count} rows of the merged CSV have {side} only: {group}"
        for side in DATA_TYPES
        for group, count in _by_group(stats, f"merge/only_{side}/").items()
    )
    return Check(name, expected, f"{stats['merge/rows'] - stats['merge/matched']} unmatched", findings)


def _by_group(stats: Mapping[str, Any], prefix: str) -> Counter[str]:
    return Counter(
        {key.removeprefix(prefix): count for key, count in stats.items() if key.startswith(prefix) and count}
    )
