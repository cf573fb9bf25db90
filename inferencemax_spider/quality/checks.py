"""The coverage checks: what was expected and did not come is named, in one line each, and makes a run incomplete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from inferencemax_spider.catalog import API_MODELS, DATA_TYPES
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


def run_all(
    outcomes: Sequence[Outcome],
    stats: Mapping[str, Any],
    rejected_share_max: float,
    promised: Mapping[str, str] = MappingProxyType({}),
    remarks: Sequence[str] = (),
) -> list[Check]:
    """Return the answers to all checks.

    They are made from the *outcomes* of the plan, the crawl's *stats*, what the site *promised* (the newest day of each
    model key; a site that does not say is not asked) and what the spider *remarks* on the plan.
    """
    return [
        endpoints_ok(outcomes),
        *([models_covered(outcomes, promised, remarks)] if promised or remarks else []),
        expected_hwkeys(outcomes),
        rejected_share(outcomes, rejected_share_max),
        merge_complete(outcomes, stats),
    ]


def endpoints_ok(outcomes: Sequence[Outcome]) -> Check:
    """Check that every planned endpoint is ``ok``, or ends in a state that it may end in.

    Which sequences a model has that nobody knows yet can only be tried; one of them at least must bring something.
    """
    findings = [
        f"{outcome.endpoint.name}: {outcome.state}: {outcome.reason}"
        for outcome in outcomes
        if outcome.state not in ("ok", *outcome.endpoint.accepted)
    ]
    observed = f"{len(outcomes) - len(findings)} ok"
    for model in dict.fromkeys(outcome.endpoint.model for outcome in outcomes if outcome.endpoint.accepted):
        states = {outcome.state for outcome in outcomes if outcome.endpoint.model == model}
        if model and states == {"empty"}:
            findings.append(f"{model}: no rows in any of its endpoints")
    return Check("endpoints_ok", f"{len(outcomes)} endpoints ok", observed, tuple(findings))


def models_covered(outcomes: Sequence[Outcome], promised: Mapping[str, str], remarks: Sequence[str]) -> Check:
    """Check that every model key that the site says it has came, and is as new as the site says."""
    newest: dict[str, str] = {}
    for outcome in outcomes:
        for key, day in outcome.newest.items():
            newest[key] = max(day, newest.get(key, ""))
    findings = [*remarks]
    for key, day in promised.items():
        if key not in newest:
            findings.append(f"model key {key} is available ({_known_as(key)}), and no response covered it")
        elif newest[key] < day:
            findings.append(
                f"model key {key}: the newest rows are of {newest[key]}, {day} is available: a stale answer"
            )
    return Check(
        "models_covered",
        expected=f"{len(promised)} model keys, as new as the site says",
        observed=f"{len(promised.keys() & newest.keys())} came",
        findings=tuple(findings),
    )


def _known_as(key: str) -> str:
    names = [name for name, keys in API_MODELS.items() if key in keys]
    return f"of {names[0]}" if names else "no display name is known for it"


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
    """Check that every e2e record has its interactivity record, and the other way round, where both were planned."""
    name, expected = "merge_complete", "no unmatched rows in the merged CSV"
    if "merge/rows" not in stats:
        return Check(name, expected, "the merged CSV was not written", skipped=True)
    both = _groups_of_both(outcomes)
    if not both:
        return Check(name, expected, "only one data type was planned", skipped=True)
    findings = tuple(
        f"{count} rows of the merged CSV have {side} only: {group}"
        for side in DATA_TYPES
        for group, count in _by_group(stats, f"merge/only_{side}/").items()
        if group in both
    )
    return Check(name, expected, f"{stats['merge/rows'] - stats['merge/matched']} unmatched", findings)


def _groups_of_both(outcomes: Sequence[Outcome]) -> set[str]:
    """Return the groups of which both data types were planned; a response of the live API holds both."""
    planned: dict[str, set[str]] = {}
    for outcome in outcomes:
        if outcome.endpoint.model:
            planned.setdefault(outcome.endpoint.group, set()).add(outcome.endpoint.data_type)
    return {group for group, types in planned.items() if types in ({""}, set(DATA_TYPES))}


def _by_group(stats: Mapping[str, Any], prefix: str) -> Counter[str]:
    return Counter(
        {key.removeprefix(prefix): count for key, count in stats.items() if key.startswith(prefix) and count}
    )
