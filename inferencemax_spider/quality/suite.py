"""The suite of all monitors, and how it is run: by Spidermon, once for a version."""

from __future__ import annotations

from spidermon import MonitorRunner, MonitorSuite

from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence
from inferencemax_spider.quality.monitors import coverage, losses, run, shifts
from inferencemax_spider.quality.monitors.base import QualityMonitor

MONITORS: tuple[type[QualityMonitor], ...] = (
    coverage.EndpointsOk,
    coverage.ModelsCovered,
    coverage.ExpectedHwkeys,
    coverage.RejectedShare,
    coverage.UnaskedRows,
    coverage.MergeComplete,
    run.FinishReason,
    losses.HwkeysGone,
    losses.RecordCounts,
    losses.FieldsGone,
    losses.FieldsNew,
    shifts.DistributionShift,
    run.StaleData,
    run.Duplicates,
    run.Retries,
)


class QualityMonitors(MonitorSuite):  # type: ignore[misc] # spidermon has no annotations
    """Every monitor of this project, in the order in which their answers are shown."""

    monitors = MONITORS


def judge(evidence: Evidence) -> list[Check]:
    """Return the answer of every monitor to the *evidence*."""
    result = MonitorRunner().run(QualityMonitors(), evidence=evidence)
    return [entry.monitor.check for entry in result.monitor_results]
