"""What a benchmark run measures: the picture of serving behind the static bodies, with more numbers taken from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final, NamedTuple

from inferencemax_spider.demo.api.shapes import Deployment, Workload
from inferencemax_spider.demo.api.tables import FASTER
from inferencemax_spider.demo.dataset import LENGTH
from inferencemax_spider.demo.sweeps import Effort
from inferencemax_spider.hardware import base_gpu

TURN: Final = (30_000, 700, 0.15)
"""A turn of an agentic trace: tokens in and out, and the part of those in that no cache holds."""

Metrics = dict[str, float | str]


class Point(NamedTuple):
    """The medians of one run: times in s, throughput in tok/s/GPU."""

    ttft: float
    per_token: float
    e2e: float
    input_tput: float
    output_tput: float


def measure(effort: Effort, deployment: Deployment, workload: Workload, conc: int) -> Point:
    """Measure *deployment* under *workload* at *conc* concurrent requests.

    Square roots rather than powers: they are exact to the last bit on every machine.
    """
    isl, osl, cold = TURN if workload.isl is None or workload.osl is None else (workload.isl, workload.osl, 1.0)
    wide = math.sqrt(deployment.gpus)
    load = conc / wide
    kept = 0.8 if workload.offload_mode == "on" else 1.0
    per_token = effort.step_s / math.sqrt(wide) + load * effort.batch_s
    ttft = isl * cold * kept * effort.prefill_s / wide * (1 + load / 8)
    e2e = ttft + LENGTH * osl * per_token
    each = conc * LENGTH / e2e / deployment.gpus
    return Point(ttft, per_token, e2e, isl * each, osl * each)


def quicker(effort: Effort, deployment: Deployment, progress: float, rng: Random) -> Effort:
    """Return *effort* on the hardware and software of *deployment*, *progress* times as fast, give or take a little."""
    kind = (base_gpu(deployment.hardware.partition("-")[0]), deployment.framework, deployment.precision)
    speed = progress * math.prod(FASTER.get(part, 1.0) for part in (*kind, deployment.spec_method))
    return Effort(*(seconds / speed * rng.uniform(0.97, 1.03) for seconds in effort))


def _statistics(median: float, rng: Random, *, newer: bool) -> Iterator[tuple[str, float]]:
    """Yield the statistics of a time by name, the percentiles growing."""
    step = median * rng.uniform(0.01, 0.06)
    yield "median", median
    yield "mean", median * rng.uniform(0.985, 1.015)
    yield "std", step * rng.uniform(0.5, 1.5)
    yield "p99", median + step * 4
    if newer:
        yield "p75", median + step
        yield "p90", median + step * 2
        yield "p99.9", median + step * 6


def _speeds(metrics: Mapping[str, float | str], rng: Random) -> Metrics:
    """Return the interactivity that goes with the times per token of *metrics*: each percentile is a reciprocal."""
    times = {name.removesuffix("_tpot"): value for name, value in metrics.items() if name.endswith("_tpot")}
    speeds: Metrics = {f"{name}_intvty": 1 / float(value) for name, value in times.items() if name != "std"}
    return speeds | {"std_intvty": rng.uniform(1, 2000)}


def _throughput(point: Point) -> Metrics:
    return {
        "tput_per_gpu": point.input_tput + point.output_tput,
        "input_tput_per_gpu": point.input_tput,
        "output_tput_per_gpu": point.output_tput,
    }


def _ordered(metrics: Metrics) -> Metrics:
    """Return *metrics* in the site's order: that of its database, shorter names first."""
    return {name: metrics[name] for name in sorted(metrics, key=lambda name: (len(name), name))}


def metrics_of(point: Point, workload: Workload, rng: Random, *, newer: bool) -> Metrics:
    """Return all metrics of a run whose medians are *point*.

    Agentic traces have the time to the last token in place of the end-to-end latency (now and then both), and mostly
    the time per token of a full response.
    """
    times = {"ttft": point.ttft, "itl": point.per_token * rng.uniform(0.97, 0.99)}
    if workload.isl is not None:
        times |= {"tpot": point.per_token, "e2el": point.e2e}
    else:
        times |= {"ttlt": point.e2e}
        times |= {"e2el": point.e2e * 1.001} if rng.random() < 0.1 else {}  # noqa: PLR2004 - one in ten
        times |= {"full_response_itl": point.per_token} if rng.random() < 0.8 else {}  # noqa: PLR2004 - four in five
    metrics = _throughput(point)
    for name, median in times.items():
        metrics |= {f"{statistic}_{name}": value for statistic, value in _statistics(median, rng, newer=newer)}
    if "median_tpot" in metrics:
        metrics |= _speeds(metrics, rng)
    if newer:
        watts = rng.uniform(400, 1000)
        metrics |= {"avg_power_w": watts, "joules_per_output_token": watts / point.output_tput}
    return _ordered(metrics)
