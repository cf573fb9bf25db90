"""The rows themselves: what the site's rows are known to do must happen in the generated ones."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.demo.api import DATES, MODELS, ApiContent, ApiDataset, models
from inferencemax_spider.demo.api.rows import Row
from inferencemax_spider.hardware import EDITIONS

from .client import IDENTITY

NEWER = "2026-03-01"


@pytest.fixture(scope="module")
def rows(dataset: ApiDataset) -> list[Row]:
    return [dataset.row(run) for name in dataset.models for run in dataset.runs(name)]


@pytest.fixture(scope="module")
def newer(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["date"] >= NEWER]


def test_the_bytes_are_those_of_the_seed_on_every_machine(rows: list[Row]) -> None:
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    assert digest == "df25996716ba0418de64b618b12ba9bf1a42df0e6b93dfec95cbc4357c090f2b"


def test_the_order_of_asking_does_not_matter(dataset: ApiDataset) -> None:
    fresh = ApiDataset()
    for name in reversed(fresh.models):
        for run in fresh.latest(name)[:5][::-1]:
            assert fresh.row(run) == dataset.row(run)
        assert fresh.runs(name) == dataset.runs(name)


def test_another_seed_gives_other_numbers(dataset: ApiDataset) -> None:
    path, query = "/api/v1/benchmarks", "model=GLM-5"
    ours, others = (ApiContent(each).get(path, query) for each in (dataset, ApiDataset(seed=1)))
    assert ours
    assert others
    assert ours.body != others.body


def test_there_are_two_vocabularies_and_one_name_covers_two_keys(dataset: ApiDataset) -> None:
    keys = {name: {run.job.key for run in dataset.runs(name)} for name in dataset.models}
    assert keys["DeepSeek-R1-0528"] == {"dsr1"}
    assert keys["gpt-oss-120b"] == {"gptoss120b"}
    assert keys["Llama-3.3-70B-Instruct-FP8"] == {"llama70b"}
    assert keys["GLM-5"] == {"glm5", "glm5.1"}
    both = {key: {run.job.date for run in dataset.runs("GLM-5") if run.job.key == key} for key in ("glm5", "glm5.1")}
    assert both["glm5"] & both["glm5.1"], "there are dates on which both were measured"


def test_a_model_may_be_stale_or_mostly_agentic(dataset: ApiDataset) -> None:
    assert max(run.job.date for run in dataset.runs("Llama-3.3-70B-Instruct-FP8")) < NEWER
    agentic = Counter(run.workload.isl is None for run in dataset.runs("Kimi-K2.5"))
    assert agentic[True] > 10 * agentic[False] > 0


def test_missing_models_are_made_up() -> None:
    fifteen = models(15)
    assert fifteen[: len(MODELS)] == MODELS
    assert len({key for model in fifteen for key in model.keys}) == 16
    assert models(2) == MODELS[:2]
    dataset = ApiDataset(models=fifteen)
    assert all(dataset.latest(name) for name in dataset.models)


def test_only_newer_rows_have_the_newer_fields(rows: list[Row]) -> None:
    for row in rows:
        late = row["date"] >= NEWER
        fields = ("id", "benchmark_type", "offload_mode", "recipe_fingerprint", "workflow_run_id", "run_started_at")
        assert all((name in row) is late for name in fields)
        assert (row["image"] is None) is (row["date"] < "2025-12-08")
        assert ("p99.9_ttft" in row["metrics"]) <= late
    assert sum("p99.9_ttft" in row["metrics"] for row in rows) > len(rows) / 3


def test_the_keys_are_in_the_order_of_the_recorded_rows(rows: list[Row], recorded: Path) -> None:
    theirs = json.loads((recorded / "benchmarks.json").read_bytes())[0]
    old = [row for row in rows if row["date"] < NEWER]
    assert {tuple(row) for row in old} == {tuple(theirs)}
    complete = max(old, key=lambda row: len(row["metrics"]))
    assert list(complete["metrics"]) == list(theirs["metrics"])


def test_ids_keep_their_digits_as_text_only(newer: list[Row]) -> None:
    ids = [row["id"] for row in newer]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(each, str) and int(float(each)) != int(each) for each in ids[:100])


def test_gpu_counts(rows: list[Row]) -> None:
    single = [row for row in rows if not row["disagg"]]
    assert all(row["num_prefill_gpu"] == row["num_decode_gpu"] >= row["decode_tp"] for row in single)
    assert any(row["num_decode_gpu"] == 64 and row["decode_tp"] == 8 for row in single)
    several = [row for row in rows if row["is_multinode"]]
    assert all(row["disagg"] and row["prefill_num_workers"] and row["decode_num_workers"] for row in several)
    assert all(row["num_decode_gpu"] == row["decode_tp"] * row["decode_num_workers"] for row in several)
    assert any(row["num_prefill_gpu"] != row["num_decode_gpu"] for row in several)
    racks = [row for row in rows if row["disagg"] and not row["is_multinode"]]
    assert {(row["prefill_tp"], row["num_prefill_gpu"], row["num_decode_gpu"]) for row in racks} == {(36, 36, 36)}
    for row in several:
        if "id" in row:
            assert len(row["workers"]) == row["prefill_num_workers"] + row["decode_num_workers"]


def test_frameworks_with_aliases_and_hardware_with_a_suffix(rows: list[Row]) -> None:
    frameworks = {row["framework"] for row in rows}
    assert {"trt", "trtllm", "dynamo-trtllm", "sglang-disagg", "atom-disagg", "vllm", "mori-sglang"} <= frameworks
    assert {row["spec_method"] for row in rows} == {"none", "mtp"}
    assert "b200-dgxc" in {row["hardware"] for row in rows}
    assert {row["hardware"].partition("-")[0] for row in rows} == set(EDITIONS["2026-08"].gpus)


def test_agentic_rows(newer: list[Row]) -> None:
    agentic = [row for row in newer if row["isl"] is None]
    assert all((row["osl"], row["benchmark_type"]) == (None, "agentic_traces") for row in agentic)
    assert {row["offload_mode"] for row in agentic} == {"on", "off"}
    names = Counter(name for row in agentic for name in row["metrics"])
    assert 0.9 * len(agentic) < names["median_ttlt"] <= len(agentic)
    assert 0 < names["median_e2el"] < len(agentic) / 4
    assert len(agentic) / 2 < names["median_full_response_itl"] < len(agentic)
    assert "median_intvty" not in names
    others = [row for row in newer if row["isl"] is not None]
    assert {(row["benchmark_type"], row["offload_mode"]) for row in others} == {("single_turn", "off")}
    assert not any("median_ttlt" in row["metrics"] for row in others)


def test_rare_things_happen(rows: list[Row], newer: list[Row]) -> None:
    assert sum(row["metrics"] == {} for row in rows) == 1
    texts = [value for row in rows for value in row["metrics"].values() if isinstance(value, str)]
    assert texts == ["timeout"]
    assert 0 < sum(row["run_url"] is None for row in rows) < len(rows) / 10
    assert 0 < sum("scheduler" in row for row in newer) < len(newer) / 10
    assert 0 < sum("median_intvty" not in row["metrics"] for row in rows if row["isl"]) < len(rows) / 20
    assert 0 < sum("input_tput_per_gpu" not in row["metrics"] for row in rows) < len(rows) / 20


def test_the_rare_rows_are_among_the_latest(dataset: ApiDataset) -> None:
    latest = [dataset.row(run) for run in dataset.latest(MODELS[0].name)]
    assert sum(row["metrics"] == {} for row in latest) == 1
    assert sum(row["metrics"].get("p99_ttft") == "timeout" for row in latest) == 1


def test_numbers_have_all_their_digits(rows: list[Row]) -> None:
    digits = [len(repr(value)) for row in rows[:200] for value in row["metrics"].values() if isinstance(value, float)]
    assert sum(digits) / len(digits) > 16


def test_metrics_are_consistent(rows: list[Row]) -> None:
    for row in rows:
        metrics: dict[str, Any] = {name: value for name, value in row["metrics"].items() if value != "timeout"}
        if "input_tput_per_gpu" in metrics:
            parts = metrics["input_tput_per_gpu"] + metrics["output_tput_per_gpu"]
            assert metrics["tput_per_gpu"] == pytest.approx(parts)
        if "median_intvty" in metrics:
            assert metrics["median_intvty"] * metrics["median_tpot"] == pytest.approx(1)
        for family in ("ttft", "tpot", "e2el", "ttlt"):
            percentiles = [metrics.get(f"{name}_{family}") for name in ("median", "p75", "p90", "p99", "p99.9")]
            present = [value for value in percentiles if value is not None]
            assert all(0 < one < two for one, two in pairwise(present))


def test_more_concurrency_is_more_throughput_and_latency_and_less_interactivity(rows: list[Row]) -> None:
    curves: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if "median_intvty" in row["metrics"] and "median_e2el" in row["metrics"] and row["run_url"]:
            identity = (*(row[name] for name in IDENTITY[:-1]), row["date"], row["run_url"])
            curves.setdefault(identity, []).append(row)
    assert len(curves) > 200
    for curve in curves.values():
        for one, two in pairwise(sorted(curve, key=lambda row: row["conc"])):
            less, more = one["metrics"], two["metrics"]
            assert less["tput_per_gpu"] < more["tput_per_gpu"]
            assert less["median_e2el"] < more["median_e2el"]
            assert less["median_intvty"] > more["median_intvty"]


def test_dates_are_those_of_the_table(dataset: ApiDataset) -> None:
    assert dataset.dates == DATES
