"""One run as a row of the live API, with what only some rows have, and what is odd about a few."""

from __future__ import annotations

from random import Random
from typing import Any, Final, NamedTuple

from inferencemax_spider.demo.api.physics import Metrics
from inferencemax_spider.demo.api.shapes import Deployment, Side, Workload
from inferencemax_spider.demo.api.tables import IMAGES, IMAGES_SINCE, NEWER_SINCE, OTHER_IMAGE

Row = dict[str, Any]

REPOSITORY: Final = "https://github.com/SemiAnalysisAI/InferenceX"


class Job(NamedTuple):
    """A workflow run: all that was measured of one database key on one date; ``number`` counts those of the date."""

    key: str
    date: str
    number: int


class Run(NamedTuple):
    """One benchmark run."""

    deployment: Deployment
    workload: Workload
    conc: int
    job: Job

    @property
    def configuration(self) -> tuple[str, Deployment, Workload, int]:
        """What is measured again and again; the newest run of it is the latest row."""
        return self.job.key, self.deployment, self.workload, self.conc

    @property
    def newer(self) -> bool:
        """Whether the row has what was added in 2026."""
        return self.job.date >= NEWER_SINCE


def run_id(job: Job, rng: Random) -> str:
    """Return the id of the workflow run, which grows with the date."""
    year, month, day = map(int, job.date.split("-"))
    return str((year * 372 + month * 31 + day - 747_000) * 10_000_000 + rng.randrange(10_000_000))


def run_url(job: Job, github_id: str) -> str:
    """Return the URL of the workflow run."""
    return f"{REPOSITORY}/actions/runs/{github_id}/attempts/{job.number}"


def started_at(job: Job) -> str:
    """Return when the workflow run began."""
    return f"{job.date}T0{job.number}:31:54Z"


def _side(name: str, side: Side) -> Row:
    return {
        f"{name}_tp": side.tp,
        f"{name}_ep": side.ep,
        f"{name}_dp_attention": side.dp_attention,
        f"{name}_num_workers": side.num_workers,
    }


def configuration(deployment: Deployment, key: str) -> Row:
    """Return the fields that say how the model called *key* was deployed, in the site's order."""
    return {
        "hardware": deployment.hardware,
        "framework": deployment.framework,
        "model": key,
        "precision": deployment.precision,
        "spec_method": deployment.spec_method,
        "disagg": deployment.disagg,
        "is_multinode": deployment.is_multinode,
        **_side("prefill", deployment.prefill),
        **_side("decode", deployment.decode),
        "num_prefill_gpu": deployment.prefill.gpus,
        "num_decode_gpu": deployment.decode.gpus,
    }


def image(deployment: Deployment, date: str) -> str | None:
    """Return the container image of *date*."""
    if date < IMAGES_SINCE:
        return None
    return IMAGES.get(deployment.framework, OTHER_IMAGE).format(int(date[5:7]) + 9)


def _workers(deployment: Deployment, rng: Random) -> list[Row]:
    """Return the power that each worker of both sides draws."""
    sides = (("prefill", deployment.prefill), ("decode", deployment.decode))
    return [
        {"role": role, "worker_idx": index, "num_gpus": side.tp, "avg_power_w": rng.uniform(400, 1000)}
        for role, side in sides
        for index in range(side.num_workers)
    ]


def _newer(run: Run, github_id: str, rng: Random) -> Row:
    """Return the fields that newer rows have in addition; the id is too big for a float, and sent as a string."""
    job = run.job
    fields: Row = {
        "workflow_run_id": github_id,
        "run_started_at": started_at(job),
        "recipe_fingerprint": f"{rng.getrandbits(64):016x}",
        "power_source": "bmc",
        "curve_id": f"{job.key}-{run.deployment.hardware}-{run.deployment.framework}",
    }
    if run.deployment.is_multinode:
        fields["workers"] = _workers(run.deployment, rng)
    if rng.random() < 0.02:  # noqa: PLR2004 - what nobody declared is rare
        fields["scheduler"] = {"policy": "fcfs", "preemptions": rng.randrange(9)}
    return fields


def _thinned(metrics: Metrics, rng: Random) -> Metrics:
    """Return *metrics*, one in fifty times without some of them: missing is missing, never zero."""
    if rng.random() >= 0.02:  # noqa: PLR2004 - as the docstring says
        return metrics
    lost = rng.choice(("put_tput_per_gpu", "_intvty", "_e2el", "_itl"))
    return {name: value for name, value in metrics.items() if not name.endswith(lost)}


def row_of(run: Run, metrics: Metrics, github_id: str, rng: Random) -> Row:
    """Return *run* as a row; a run of the old days sometimes has no URL."""
    old = not run.newer
    workload, job = run.workload, run.job
    row: Row = {} if old else {"id": str(rng.randrange(2**60, 2**63))}
    row |= configuration(run.deployment, job.key)
    row |= {} if old else {"benchmark_type": workload.benchmark_type}
    row |= {"isl": workload.isl, "osl": workload.osl, "conc": run.conc}
    row |= {} if old else {"offload_mode": workload.offload_mode}
    row |= {"image": image(run.deployment, job.date), "metrics": _thinned(metrics, rng), "date": job.date}
    row |= {} if old else _newer(run, github_id, rng)
    # Only a first run: two of one date must differ.
    lost = old and job.number == 1 and rng.random() < 0.05  # noqa: PLR2004 - one in twenty
    row["run_url"] = None if lost else run_url(job, github_id)
    return row


def without_means(row: Row) -> Row:
    """Return *row* as the history has it: without the image, and without means and standard deviations."""
    metrics = {name: value for name, value in row["metrics"].items() if not name.startswith(("mean_", "std_"))}
    return {name: value for name, value in row.items() if name != "image"} | {"metrics": metrics}
