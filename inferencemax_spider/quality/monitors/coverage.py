"""Whether everything came that should have come: endpoints, models, hwKeys, both sides of the merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any

from spidermon import monitors

from inferencemax_spider.catalog import API_MODELS, DATA_TYPES
from inferencemax_spider.quality.evidence import Evidence, UnanswerableError, known
from inferencemax_spider.quality.monitors.base import Answer, QualityMonitor

Entry = Mapping[str, Any]


def name_of(endpoint: Entry) -> str:
    """Return an endpoint as people read it: ``gpt-oss 120B 1k-8k e2e``."""
    parts = (endpoint["model"] or known(endpoint, "dataset"), endpoint["sequence"], endpoint["data_type"])
    return " ".join(filter(None, parts))


@monitors.name("endpoints_ok")
class EndpointsOk(QualityMonitor):
    """The state of every planned endpoint with `ok`, and with the states that it may end in besides.

    Which sequences a model has that nobody knows yet can only be tried; one of them at least must bring something. The
    list of display names may be absent (404), but not fail for another cause.
    """

    def expected(self, evidence: Evidence) -> str:
        """Return how many endpoints there are."""
        return f"{len(evidence.version.endpoints)} endpoints ok"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each endpoint that is not ok, and each model of which all that was tried is empty."""
        endpoints = evidence.version.endpoints
        findings = [
            f"{name_of(endpoint)}: {endpoint['state']}: {endpoint['reason']}"
            for endpoint in endpoints
            if endpoint["state"] not in ("ok", *known(endpoint, "accepted")) or _fell_back(endpoint)
        ]
        shared = _shared(evidence, endpoints)
        return f"{len(endpoints) - len(findings)} ok", [*findings, *_nothing_found(endpoints, shared)]


def _fell_back(endpoint: Entry) -> bool:
    """Tell whether the display names, which older deployments do not have (404), failed for another cause."""
    failed = endpoint["dataset"] == "openapi" and endpoint["state"] == "failed"
    return bool(failed and endpoint["http_status"] != HTTPStatus.NOT_FOUND)


def _nothing_found(endpoints: Sequence[Entry], shared: AbstractSet[str]) -> Iterator[str]:
    """Yield a line for each model, but for those *shared*, whose endpoints may be empty, and all are."""
    for model in dict.fromkeys(endpoint["model"] for endpoint in endpoints if endpoint["accepted"]):
        states = {endpoint["state"] for endpoint in endpoints if endpoint["model"] == model}
        if model and model not in shared and states == {"empty"}:
            yield f"{model}: no rows in any of its endpoints"


def _shared(evidence: Evidence, endpoints: Sequence[Entry]) -> AbstractSet[str]:
    """Return the models of which other shards of the plan have endpoints too."""
    urls = {endpoint["url"] for endpoint in endpoints}
    plan = (evidence.summary.get("shard") or {}).get("plan", ())
    return {entry["model"] for entry in plan if entry["url"] not in urls}


@monitors.name("models_covered")
class ModelsCovered(QualityMonitor):
    """The model keys that came, and their newest day, with what the live API says it has.

    The rows of a key belong to one display name: under another's, or under several, they are mixed up.
    """

    def expected(self, evidence: Evidence) -> str:
        """Return how many model keys the site says it has."""
        return f"{len(evidence.summary.get('promised', ()))} model keys, as new as the site says"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each model key that did not come or is older than the site says, and what the spider remarks."""
        promised, remarks = known(evidence.summary, "promised"), known(evidence.summary, "remarks")
        if not promised and not remarks:
            raise UnanswerableError("the site does not say what it has")
        newest = newest_days(evidence.version.endpoints)
        lines = (_shortfall(key, day, newest.get(key)) for key, day in promised.items())
        findings = [*remarks, *filter(None, lines), *_mixed_up(evidence.version.endpoints)]
        return f"{len(promised.keys() & newest.keys())} came", findings


def _mixed_up(endpoints: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each model key whose rows came under the display name of another model, or under several."""
    came: dict[str, dict[str, None]] = {}
    for endpoint in endpoints:
        for key in endpoint["newest"]:
            came.setdefault(key, {})[endpoint["model"]] = None
    for key, names in came.items():
        owners = [name for name, keys in API_MODELS.items() if key in keys]
        strangers = [name for name in names if owners and name in API_MODELS and name not in owners]
        if strangers:
            yield f"rows of model key {key} ({_known_as(key)}) came as those of {', '.join(strangers)}"
        elif len(names) > 1:
            yield f"rows of model key {key} came as those of several models: {', '.join(names)}"


def newest_days(endpoints: Sequence[Entry]) -> dict[str, str]:
    """Return the newest day of each model key in what the *endpoints* brought."""
    newest: dict[str, str] = {}
    for endpoint in endpoints:
        for key, day in known(endpoint, "newest").items():
            newest[key] = max(day, newest.get(key, ""))
    return newest


def _shortfall(key: str, day: str, newest: str | None) -> str | None:
    if newest is None:
        return f"model key {key} is available ({_known_as(key)}), and no response covered it"
    if newest < day:
        return f"model key {key}: the newest rows are of {newest}, {day} is available: a stale answer"
    return None


def _known_as(key: str) -> str:
    names = [name for name, keys in API_MODELS.items() if key in keys]
    return f"of {names[0]}" if names else "no display name is known for it"


@monitors.name("expected_hwkeys")
class ExpectedHwkeys(QualityMonitor):
    """The hwKeys of each endpoint with those that the catalogue and the expectations require of its model."""

    keys = ("required_hwkeys", "excused_hwkeys")

    def expected(self, evidence: Evidence) -> str:
        """Return how many hwKeys are required, counted by endpoint."""
        return f"{len(required(evidence))} expected hwKeys, by endpoint"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each hwKey that is missing: once when the whole model lacks it, else with each endpoint."""
        pairs = required(evidence)
        curves: dict[tuple[str, str], list[Entry]] = {}
        for row, hwkey in pairs:
            curves.setdefault((row["model"], hwkey), []).append(row)
        seen = sum(hwkey in row["seen_hwkeys"] for row, hwkey in pairs)
        return f"{seen} seen", [line for curve, rows in curves.items() for line in _lost(*curve, rows)]


def required(evidence: Evidence) -> list[tuple[Entry, str]]:
    """Return each endpoint (its row of the summary's coverage) with each hwKey that must be in it."""
    pairs = []
    for row in evidence.summary["coverage"]:
        limits = evidence.expectations.of(row["model"])
        hwkeys = dict.fromkeys([*row["expected_hwkeys"], *limits.required_hwkeys])
        pairs += [(row, hwkey) for hwkey in hwkeys if hwkey not in limits.excused_hwkeys]
    return pairs


def _lost(model: str, hwkey: str, rows: Sequence[Entry]) -> Iterator[str]:
    """Yield a line when *hwkey* is nowhere in the *model*, else one for each endpoint that has records but lacks it."""
    if not any(hwkey in row["seen_hwkeys"] for row in rows):
        yield f"{model}: the expected hwKey {hwkey} is missing from all of its {len(rows)} endpoints"
        return
    for row in rows:
        if row["state"] == "ok" and hwkey not in row["seen_hwkeys"]:
            yield f"{name_of(row)}: the expected hwKey {hwkey} is missing"


@monitors.name("rejected_share")
class RejectedShare(QualityMonitor):
    """The share of rejected records, of all received, with the largest that is allowed."""

    keys = ("rejected_share_max",)

    def expected(self, evidence: Evidence) -> str:
        """Return the largest share."""
        return f"at most {evidence.expectations.run.rejected_share_max:.2%} of the records rejected"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each endpoint that had records rejected, if they are too many in all."""
        endpoints = evidence.version.endpoints
        rejected = sum(endpoint["rejected"] for endpoint in endpoints)
        received = rejected + sum(endpoint["records"] for endpoint in endpoints)
        share = rejected / received if received else 0.0
        findings = [
            f"{name_of(endpoint)}: {endpoint['rejected']} of {endpoint['records'] + endpoint['rejected']} "
            "records rejected; see rejected.jsonl"
            for endpoint in endpoints
            if endpoint["rejected"]
        ]
        too_many = share > evidence.expectations.run.rejected_share_max
        return f"{rejected} of {received}: {share:.2%}", findings if too_many else []


@monitors.name("unasked_rows")
class UnaskedRows(QualityMonitor):
    """The rows of each answer with what its request asked for: rows of another model or sequence are left out."""

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return what holds where the site listens to what it is asked."""
        return "only rows that were asked for"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each endpoint that brought others besides; one that brought nothing else is no endpoint that is ok."""
        found = {name_of(endpoint): known(endpoint, "unasked") for endpoint in evidence.version.endpoints}
        findings = [
            f"{name}: {sum(unasked.values())} rows were not asked for and are left out: {', '.join(unasked)}"
            for name, unasked in found.items()
            if unasked
        ]
        return f"{sum(sum(unasked.values()) for unasked in found.values())} others", findings


@monitors.name("merge_complete")
class MergeComplete(QualityMonitor):
    """The e2e records with the interactivity records of the merged CSV, where both were planned."""

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return what holds of a merge in which nothing is missing."""
        return "no unmatched rows in the merged CSV"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each model and sequence in which a record of one data type has none of the other."""
        merged = evidence.summary["merged"]
        if merged is None:
            raise UnanswerableError("the merged CSV was not written")
        both = _groups_of_both(evidence.version.endpoints)
        if not both:
            raise UnanswerableError("only one data type was planned")
        unmatched = known(merged, "unmatched")
        findings = [
            f"{count} rows of the merged CSV have {side} only: {group}"
            for side in DATA_TYPES
            for group, count in unmatched[side].items()
            if count and group in both
        ]
        return f"{merged['rows'] - merged['matched']} unmatched", findings


def _groups_of_both(endpoints: Sequence[Entry]) -> set[str]:
    """Return the groups of which both data types were planned; a response of the live API holds both."""
    planned: dict[str, set[str]] = {}
    for endpoint in endpoints:
        if endpoint["model"]:
            group = f"{endpoint['model']} {endpoint['sequence']}".strip()
            planned.setdefault(group, set()).add(endpoint["data_type"])
    return {group for group, types in planned.items() if types in ({""}, set(DATA_TYPES))}
