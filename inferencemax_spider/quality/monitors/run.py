"""How the run went, and whether what it brought is fresh and told apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from spidermon import monitors

from inferencemax_spider.quality.evidence import Evidence, Holdings, UnanswerableError, known
from inferencemax_spider.quality.expectations import ModelLimits
from inferencemax_spider.quality.monitors.base import Answer, QualityMonitor
from inferencemax_spider.quality.monitors.coverage import newest_days

FEW = 5
"""How many of many findings of one kind are named."""


@monitors.name("finish_reason")
class FinishReason(QualityMonitor):
    """Scrapy's reason for closing the spider with `finished`.

    A limit (`CLOSESPIDER_…`) or a signal may have cut the crawl short. Outputs that could not be written are named as
    such, without a monitor.
    """

    def expected(self, evidence: Evidence) -> str:  # noqa: ARG002 - the same for all
        """Return the reason of a crawl that went to its end."""
        return "finished"

    def answer(self, evidence: Evidence) -> Answer:
        """Name any other reason."""
        reason = evidence.summary["finish_reason"]
        whole = reason == "finished" or evidence.summary["output_errors"]
        return reason, [] if whole else [f"the crawl did not go to its end: {reason}"]


@monitors.name("retries")
class Retries(QualityMonitor):
    """The share of the requests that were retries with the largest that is allowed."""

    keys = ("retries_max",)

    def expected(self, evidence: Evidence) -> str:
        """Return the largest share."""
        return f"at most {evidence.expectations.run.retries_max:.0%} of the requests are retries"

    def answer(self, evidence: Evidence) -> Answer:
        """Tell when there were more."""
        timings = evidence.summary["timings"]
        requests, retries = timings["requests"], timings["retries"]
        observed = f"{retries} of {requests} requests"
        too_many = retries > evidence.expectations.run.retries_max * requests
        return observed, [f"{observed} were retries: the site is under strain"] if too_many else []


@monitors.name("duplicates")
class Duplicates(QualityMonitor):
    """The number of identities that several records of a response share with the largest that is allowed."""

    keys = ("duplicates_max",)

    def expected(self, evidence: Evidence) -> str:
        """Return the largest number."""
        return f"at most {evidence.expectations.run.duplicates_max} shared identities"

    def answer(self, evidence: Evidence) -> Answer:
        """Name the first few of them, if they are too many."""
        shared = known(evidence.summary, "duplicates")
        observed = f"{len(shared)} shared identities"
        if len(shared) <= evidence.expectations.run.duplicates_max:
            return observed, []
        findings = [f"{entry['count']} records share one identity: {_identity(entry)}" for entry in shared[:FEW]]
        if more := len(shared[FEW:]):
            findings.append(f"{more} further identities are shared; summary.json has them all")
        return observed, findings


def _identity(entry: Mapping[str, Any]) -> str:
    return " ".join(str(value) for name, value in entry.items() if name != "count" and value is not None)


@monitors.name("stale_data")
class StaleData(QualityMonitor):
    """The newest measurement of each model key of the live API with the day of the run.

    Named once, when it becomes stale: the site keeps the rows of models that are no longer measured. Not asked of a
    run for days of its own choice.
    """

    keys = ("stale_days", "stale_known")

    def expected(self, evidence: Evidence) -> str:
        """Return the largest age."""
        return f"no model newly without a measurement for more than {evidence.expectations.run.stale_days} days"

    def answer(self, evidence: Evidence) -> Answer:
        """Name each model key that is stale, and was not in the version before."""
        if known(evidence.summary, "arguments").keys() & {"date", "until"}:
            raise UnanswerableError("the run was asked for days of its own choice")
        if not newest_days(evidence.version.endpoints):
            raise UnanswerableError("the records have no days")
        stale = _stale(evidence, evidence.version)
        fresh = _fresh(evidence)
        findings = [
            f"model key {key}: nothing was measured since {day}, for more than {limits.stale_days} days"
            for key, (day, limits) in stale.items()
            if key in fresh or limits.stale_known
        ]
        return f"{len(stale)} stale, {len(stale.keys() & fresh)} newly", findings


def _fresh(evidence: Evidence) -> set[str]:
    """Return the model keys that were not stale in the version before."""
    if not evidence.recent:
        return set()
    previous = evidence.previous
    return newest_days(previous.endpoints).keys() - _stale(evidence, previous).keys()


def _stale(evidence: Evidence, holdings: Holdings) -> dict[str, tuple[str, ModelLimits]]:
    """Return the model keys that are stale on the day of their run: the newest day of each, and what is expected."""
    today = date.fromisoformat(holdings.name.partition("T")[0])
    models = {key: endpoint["model"] for endpoint in holdings.endpoints for key in endpoint["newest"]}
    stale = {}
    for key, day in newest_days(holdings.endpoints).items():
        limits = evidence.expectations.of(models[key])
        if day < (today - timedelta(days=limits.stale_days)).isoformat():
            stale[key] = (day, limits)
    return stale
