"""The extra datasets of the live API: evaluations, reliability, submissions and workflow runs.

They follow from the runs: what was submitted on a date, and how it went, is told by the runs of that date.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from inferencemax_spider.demo.api.dataset import ApiDataset
from inferencemax_spider.demo.api.rows import REPOSITORY, Job, Row, Run, configuration, image, run_url, started_at
from inferencemax_spider.demo.api.shapes import Deployment


def _all_runs(dataset: ApiDataset) -> Iterator[Run]:
    for name in dataset.models:
        yield from dataset.runs(name)


def _grouped(runs: Iterable[Run]) -> dict[tuple[Job, Deployment], list[Run]]:
    """Return *runs* by what was run in which job, in order."""
    groups = defaultdict(list)
    for run in runs:
        groups[run.job, run.deployment].append(run)
    return dict(sorted(groups.items(), key=lambda item: (item[0][0].date, *item[0][0], item[0][1].label)))


def evaluations(dataset: ApiDataset) -> list[Row]:
    """Return the accuracy of about every other deployment of each job; ids are numbers sent as strings."""
    rows: list[Row] = []
    for number, (job, deployment) in enumerate(_grouped(_all_runs(dataset)), 1):
        rng = dataset.random("evaluation", job, deployment.label)
        if rng.random() < 0.5:  # noqa: PLR2004 - every other one
            continue
        score, error = rng.uniform(0.93, 0.97), rng.uniform(0.005, 0.006)
        metrics = {"n_eff": 1319, "em_strict": score, "em_flexible": score + 0.0004}
        metrics |= {"em_strict_se": error, "em_flexible_se": error}
        metrics |= {"score": score, "score_se": error} if rng.random() < 0.8 else {}  # noqa: PLR2004 - mostly
        row = {"id": str(number), "config_id": 1 + number % 260, **configuration(deployment, job.key)}
        row |= {"task": "gsm8k", "date": job.date, "conc": max(deployment.concs), "metrics": metrics}
        rows.append(row | {"timestamp": started_at(job), "run_url": run_url(job, dataset.github_id(job))})
    return rows[::-1]


def reliability(dataset: ApiDataset) -> list[Row]:
    """Return how many runs succeeded: a row for each job and hardware, so that a date has many of one hardware."""
    counts = Counter((run.job, run.deployment.hardware) for run in _all_runs(dataset))
    hardware = sorted({name for _, name in counts})
    rows = []
    for job in sorted({job for job, _ in counts}, key=lambda job: (job.date, job)):
        for name in hardware:
            succeeded = counts[job, name]
            failed = dataset.random("failed", job, name).choice((0, 0, 0, 1)) if succeeded else 0
            rows.append({"hardware": name, "date": job.date, "n_success": succeeded, "total": succeeded + failed})
    return rows[::-1]


def _summary(key: str, deployment: Deployment, runs: list[Run]) -> Row:
    """Return what the newest job of a deployment submitted."""
    date = max(run.job.date for run in runs)
    newest = [run for run in runs if run.job.date == date]
    fields = configuration(deployment, key)
    kept = [name for name in fields if not name.endswith(("_dp_attention", "_num_workers"))]
    return {name: fields[name] for name in kept} | {
        "date": date,
        "total_datapoints": len(newest),
        "distinct_sequences": len({run.workload[:2] for run in newest}),
        "distinct_concurrencies": len({run.conc for run in newest}),
        "max_concurrency": max(run.conc for run in newest),
        "image": image(deployment, date),
    }


def submissions(dataset: ApiDataset) -> Row:
    """Return the newest submission of each deployment, and how many rows each date has by hardware."""
    runs = list(_all_runs(dataset))
    deployed = defaultdict(list)
    for run in runs:
        deployed[run.job.key, run.deployment].append(run)
    summary = [_summary(key, deployment, each) for (key, deployment), each in deployed.items()]
    volume = Counter((run.job.date, run.deployment.hardware) for run in runs)
    return {
        "summary": sorted(summary, key=lambda row: row["date"], reverse=True),
        "volume": [
            {"date": date, "hardware": hardware, "datapoints": count}
            for (date, hardware), count in sorted(volume.items())
        ],
    }


def _workflow(job: Job, github_id: str) -> Row:
    return {
        "github_run_id": github_id,
        "name": f"Run Sweep - {job.key}",
        "conclusion": "success",
        "run_attempt": job.number,
        "html_url": f"{REPOSITORY}/actions/runs/{github_id}",
        "created_at": started_at(job),
        "date": job.date,
    }


def _changelog(job: Job, github_id: str, dataset: ApiDataset) -> Row:
    rng = dataset.random("changelog", job)
    return {
        "workflow_run_id": github_id,
        "date": job.date,
        "base_ref": f"{rng.getrandbits(160):040x}",
        "head_ref": f"{rng.getrandbits(160):040x}",
        "config_keys": [f"{job.key}-sweep"],
        "description": f"Measure {job.key} again\nwith the software of {job.date}",
        "pr_link": f"{REPOSITORY}/pull/{rng.randrange(1000, 2000)}",
    }


def workflow_info(dataset: ApiDataset, date: str | None) -> Row:
    """Return the workflow runs, the changes and the combinations of *date*, or of all dates."""
    runs = [run for run in _all_runs(dataset) if date in {None, run.job.date}]
    jobs = {job: dataset.github_id(job) for job in sorted({run.job for run in runs}, key=lambda job: (job.date, job))}
    combinations = [row for row in dataset.availability() if date in {None, row["date"]}]
    return {
        "runs": [_workflow(job, github_id) for job, github_id in jobs.items()],
        "changelogs": [_changelog(job, github_id, dataset) for job, github_id in jobs.items() if job.number == 1],
        "configs": [{name: value for name, value in row.items() if name != "date"} for row in combinations],
    }
