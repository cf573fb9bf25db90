"""The benchmark that the demo's live API publishes: which runs there are, and which of them an answer holds.

Runs are cheap and known once for each model; the rows, which are not, are made when they are asked for. Everything
comes from the seed and from the identity of what is asked for, so no answer depends on another: the same seed with one
more day gives the same rows and those of the new date.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import product
from typing import Final

from inferencemax_spider.demo.api.physics import measure, metrics_of, quicker
from inferencemax_spider.demo.api.rows import Job, Row, Run, row_of, run_id
from inferencemax_spider.demo.api.shapes import AGENTIC_TRACES, ApiModel, Deployment, Variant, Workload
from inferencemax_spider.demo.api.tables import DATES, MODELS, NEWER_SINCE
from inferencemax_spider.demo.dataset import DEFAULT_SEED
from inferencemax_spider.demo.sweeps import Effort

CHANGED: Final = ("gptoss120b",)
"""The database keys that are measured on days after the last of ``DATES``."""

START: Final = dt.date.fromisoformat(DATES[0])
AVAILABLE: Final = ("precision", "hardware", "framework", "spec_method", "disagg")


def _later(days: int) -> tuple[str, ...]:
    last = dt.date.fromisoformat(DATES[-1])
    return tuple((last + dt.timedelta(day)).isoformat() for day in range(1, days + 1))


class ApiDataset:
    """The runs and rows of *models* on all dates.

    *days* adds that many dates at the end, on which only the database keys in *changed* are measured.
    """

    def __init__(
        self,
        seed: int = DEFAULT_SEED,
        models: Iterable[ApiModel] = MODELS,
        *,
        days: int = 0,
        changed: Iterable[str] = CHANGED,
    ) -> None:
        """Prepare the data of *seed*; nothing is generated before it is asked for.

        Raises:
            ValueError: *days* is negative, or no model has one of the keys in *changed*.
        """
        self.seed = seed
        self.models = {model.name: model for model in models}
        self._later = _later(days)
        self._changed = frozenset(changed) if days else frozenset()
        unknown = self._changed.difference(*(model.keys for model in self.models.values()))
        # difference() of several iterables takes away the keys of all models.
        if unknown or days < 0:
            raise ValueError(f"no such day or database key: days={days}, {', '.join(sorted(unknown))}")
        self._runs: dict[str, tuple[Run, ...]] = {}

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """The dates that have runs, oldest first."""
        return tuple(sorted({run.job.date for name in self.models for run in self.runs(name)}))

    def runs(self, name: str) -> tuple[Run, ...]:
        """Return all runs of the model with the display *name*, in no particular order.

        Raises:
            KeyError: there is no such model.
        """
        if name not in self._runs:
            runs = list(self._measured(self.models[name]))
            self.random("order", name).shuffle(runs)
            self._runs[name] = tuple(runs)
        return self._runs[name]

    def latest(self, name: str, date: str | None = None, *, exact: bool = False) -> list[Run]:
        """Return the newest run of each configuration: of all, as of *date*, or of that date alone if *exact*."""
        newest: dict[object, Run] = {}
        for run in self.runs(name):
            if date is not None and (run.job.date != date if exact else run.job.date > date):
                continue
            before = newest.get(run.configuration)
            if before is None or before.job[1:] < run.job[1:]:
                newest[run.configuration] = run
        return list(newest.values())

    def history(self, name: str, isl: int | None, osl: int | None) -> list[Run]:
        """Return the runs of all dates for one sequence, or those of agentic traces, which have None and None."""
        return [run for run in self.runs(name) if (run.workload.isl, run.workload.osl) == (isl, osl)]

    def availability(self) -> list[Row]:
        """Return every combination × date that has runs, in order; dates that have the newer fields say the type."""
        found: dict[tuple[object, ...], Row] = {}
        for name in self.models:
            for run in self.runs(name):
                row = _available(run)
                found[tuple(row.values())] = row
        return sorted(found.values(), key=lambda row: (row["date"], *(str(value) for value in row.values())))

    def row(self, run: Run) -> Row:
        """Return the row of *run*, the same each time."""
        rng = self.random(run.job, run.deployment.label, run.workload.label, run.conc)
        point = measure(self._effort(run), run.deployment, run.workload, run.conc)
        metrics = metrics_of(point, run.workload, rng, newer=run.newer)
        row = row_of(run, metrics, self.github_id(run.job), rng)
        if run in self._odd:
            row["metrics"] = {} if run == self._odd[0] else {**row["metrics"], "p99_ttft": "timeout"}
        return row

    def github_id(self, job: Job) -> str:
        """Return the id of the workflow run that *job* is."""
        return run_id(job, self.random("job", *job))

    def random(self, *scope: object) -> random.Random:
        """Return a generator of its own for *scope*, so that no part of the data depends on the order of asking."""
        return random.Random("/".join(map(str, (self.seed, *scope))))  # noqa: S311 - made-up numbers, not secrets

    @cached_property
    def _odd(self) -> tuple[Run, ...]:
        """The one run that measured nothing, and the one that has a text among its numbers."""
        runs = [run for run in self.runs(next(iter(self.models))) if run.job.date == DATES[-1]]
        return tuple(sorted(runs, key=lambda run: (run.deployment.label, run.workload.label, run.conc, run.job))[:2])

    @cached_property
    def _efforts(self) -> dict[str, Effort]:
        return {key: model.effort for model in self.models.values() for key in model.keys}

    def _effort(self, run: Run) -> Effort:
        """Return what *run* takes: software gets better from date to date."""
        key, date, number = run.job
        progress = 1 + 0.0002 * (dt.date.fromisoformat(date) - START).days + 0.003 * number
        rng = self.random("curve", key, run.deployment.label)
        return quicker(self._efforts[key], run.deployment, progress, rng)

    def _measured(self, model: ApiModel) -> Iterator[Run]:
        for variant, suite in product(model.variants, model.suites):
            for workload, deployment in product(suite.workloads, suite.deployments):
                for date in self._dates(variant, workload, deployment):
                    yield from self._sweep(Job(variant.key, date, 1), workload, deployment)

    def _dates(self, variant: Variant, workload: Workload, deployment: Deployment) -> list[str]:
        """Return when *deployment* was measured: now and then it was left out, some came late; at least once."""
        later = self._later if variant.key in self._changed else ()
        since = NEWER_SINCE if workload.benchmark_type == AGENTIC_TRACES else ""
        dates = [*(date for date in DATES if variant.covers(date) and date >= since), *later]
        scope = (variant.key, workload.label, deployment.label)
        begin = self.random("begin", *scope).choice((0, 0, 0, 1))
        chosen = [date for date in dates[begin:] if self.random(date, *scope).random() < 0.8]  # noqa: PLR2004
        return chosen or dates[:1]

    def _sweep(self, job: Job, workload: Workload, deployment: Deployment) -> Iterator[Run]:
        """Yield the runs of one job: the lowest concurrency, and nearly all others; now and then all of it twice."""
        rng = self.random("sweep", job, workload.label, deployment.label)
        concs = [conc for conc in deployment.concs[1:] if rng.random() < 0.95]  # noqa: PLR2004 - nearly all
        for number in (1, 2) if rng.random() < 0.05 else (1,):  # noqa: PLR2004 - one in twenty
            for conc in (deployment.concs[0], *concs):
                yield Run(deployment, workload, conc, job._replace(number=number))


def _available(run: Run) -> Row:
    """Return the combination that *run* shows to be there."""
    deployment, workload = run.deployment, run.workload
    row: Row = {"model": run.job.key, "isl": workload.isl, "osl": workload.osl}
    row |= {name: getattr(deployment, name) for name in AVAILABLE}
    return row | ({"benchmark_type": workload.benchmark_type} if run.newer else {}) | {"date": run.job.date}
