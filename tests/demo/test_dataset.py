"""The generated data: what it must have in common with the site, and that it never changes by itself."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES, Model, Sequence
from inferencemax_spider.demo import Dataset
from inferencemax_spider.hardware import EDITIONS
from inferencemax_spider.metrics import cost_per_million, pareto_front, tp_per_mw

EXPECTED = Path(__file__).parents[3] / "shared" / "data" / "static-2025-10-25" / "expected.json"
KEYS = ["x", "y", "conc", "tp", "hwKey", "precision", "tpPerGpu", "tpPerMw", "costh", "costn", "costr"]
METRICS = KEYS[6:]

Record = dict[str, Any]
PAIRS = [
    pytest.param(model, sequence, id=f"{model.slug}-{sequence.slug}") for model in MODELS for sequence in SEQUENCES
]
each_pair = pytest.mark.parametrize(("model", "sequence"), PAIRS)


def records(dataset: Dataset, model: Model, sequence: Sequence, data_type: Any = "e2e") -> list[Record]:
    found: list[Record] = json.loads(dataset.body(model, sequence, data_type))
    return found


def identity(record: Record) -> tuple[Any, ...]:
    return record["conc"], record["hwKey"], record["precision"], record["tp"]


def grouped(rows: list[Record], *fields: str) -> dict[tuple[Any, ...], list[Record]]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[field] for field in fields)].append(row)
    return groups


def test_there_is_one_path_for_each_model_sequence_and_data_type(dataset: Dataset) -> None:
    paths = dataset.paths()
    assert len(paths) == 18
    folder = "/data/inference-performance"
    assert f"{folder}/llama-3_3-70b-instruct-fp8-8k_1k-e2e.json" in paths
    assert paths[f"{folder}/gpt-oss-120b-1k_8k-interactivity.json"] == (MODELS[1], SEQUENCES[1], "interactivity")


def test_the_bytes_are_those_of_the_seed_on_every_machine() -> None:
    digest = hashlib.sha256()
    for endpoint in Dataset().paths().values():
        digest.update(Dataset().body(*endpoint))
    assert digest.hexdigest() == "cfabf8b410664556ac34e6536059110b401a90860c80796b8861af25639fea6d"


def test_the_order_of_asking_does_not_matter(dataset: Dataset) -> None:
    endpoints = list(dataset.paths().values())
    bodies = [dataset.body(*endpoint) for endpoint in endpoints]
    assert [Dataset().body(*endpoint) for endpoint in reversed(endpoints)] == bodies[::-1]


def test_another_seed_gives_other_numbers_of_the_same_runs(dataset: Dataset) -> None:
    ours, others = (records(each, MODELS[1], SEQUENCES[0]) for each in (dataset, Dataset(seed=1)))
    assert set(map(identity, ours)) == set(map(identity, others))
    assert {row["y"] for row in ours}.isdisjoint({row["y"] for row in others})


@each_pair
@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_a_body_is_written_as_the_site_writes_it(
    dataset: Dataset, model: Model, sequence: Sequence, data_type: Any
) -> None:
    body = dataset.body(model, sequence, data_type)
    rows = json.loads(body)
    assert json.dumps(rows, separators=(",", ":")).encode() == body
    assert all(list(row) == KEYS for row in rows)
    assert all(list(row[metric]) == ["y", "roof"] for row in rows for metric in METRICS)
    assert b".0," not in body
    assert b".0}" not in body


@each_pair
def test_an_identity_stands_once_in_a_body(dataset: Dataset, model: Model, sequence: Sequence) -> None:
    identities = Counter(map(identity, records(dataset, model, sequence)))
    assert set(identities.values()) == {1}


@each_pair
def test_both_data_types_tell_of_the_same_runs(dataset: Dataset, model: Model, sequence: Sequence) -> None:
    e2e, interactivity = (records(dataset, model, sequence, data_type) for data_type in DATA_TYPES)
    assert [(*identity(row), row["y"]) for row in e2e] == [(*identity(row), row["y"]) for row in interactivity]
    for one, other in zip(e2e, interactivity, strict=True):
        # What is left of the latency after the output tokens is the TTFT.
        assert one["x"] > 0.9 * sequence.osl / other["x"]


@each_pair
def test_more_concurrency_is_more_throughput_and_latency_and_less_interactivity(
    dataset: Dataset, model: Model, sequence: Sequence
) -> None:
    e2e, interactivity = (
        grouped(records(dataset, model, sequence, data_type), "hwKey", "precision", "tp") for data_type in DATA_TYPES
    )
    for curve in e2e:
        slow = sorted(e2e[curve], key=lambda row: row["conc"])
        fast = sorted(interactivity[curve], key=lambda row: row["conc"])
        assert all(one["x"] < two["x"] and one["y"] < two["y"] for one, two in pairwise(slow))
        assert all(one["x"] > two["x"] for one, two in pairwise(fast))


@each_pair
def test_derived_metrics_follow_from_the_throughput(dataset: Dataset, model: Model, sequence: Sequence) -> None:
    for row in records(dataset, model, sequence):
        gpu = EDITIONS["2025-10"].gpu(row["hwKey"])
        assert gpu
        costs = [cost_per_million(row["y"], price) for price in (gpu.costh, gpu.costn, gpu.costr)]
        expected = [row["y"], tp_per_mw(row["y"], gpu.power_kw), *costs]
        assert [row[metric]["y"] for metric in METRICS] == pytest.approx(expected, abs=0.5001e-3)


@each_pair
@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_roof_flags_are_the_pareto_front_of_each_hwkey(
    dataset: Dataset, model: Model, sequence: Sequence, data_type: Any
) -> None:
    curves = grouped(records(dataset, model, sequence, data_type), "hwKey").values()
    for rows in curves:
        x, y = [row["x"] for row in rows], [row["y"] for row in rows]
        front = pareto_front(x, y, smaller_x=data_type == "e2e", larger_y=True).tolist()
        assert all([row[metric]["roof"] for row in rows] == front for metric in METRICS)
    flags = {row["tpPerGpu"]["roof"] for rows in curves for row in rows}
    assert flags == {True, False}


@pytest.mark.parametrize(
    ("model", "count"), list(zip(MODELS, (19, 20, 48), strict=True)), ids=lambda each: str(each)[:9]
)
def test_every_endpoint_has_the_b200_trt_records_of_the_site(dataset: Dataset, model: Model, count: int) -> None:
    for sequence in SEQUENCES:
        assert sum(row["hwKey"] == "b200_trt" for row in records(dataset, model, sequence)) == count


def test_the_hwkeys_are_those_of_the_recorded_bodies(dataset: Dataset) -> None:
    if not EXPECTED.is_file():
        pytest.skip(f"no recorded responses: {EXPECTED} is missing")
    for recorded in json.loads(EXPECTED.read_text()):
        body = json.loads(dataset.body(*dataset.paths()[recorded["path"]]))
        assert Counter(row["hwKey"] for row in body) == recorded["hwkeys"], recorded["path"]


def test_a_model_that_the_tables_do_not_know_has_numbers_of_its_own() -> None:
    model = Model.named("Qwen 3.5")
    dataset = Dataset(models=[model])
    assert "/data/inference-performance/qwen-3-5-1k_1k-e2e.json" in dataset.paths()
    known, unknown = (records(dataset, each, SEQUENCES[0]) for each in (MODELS[1], model))
    assert set(map(identity, known)) == set(map(identity, unknown))
    assert {row["y"] for row in known}.isdisjoint({row["y"] for row in unknown})


@pytest.mark.parametrize("count", [1, 46, 5000])
def test_a_big_body_has_as_many_records_as_asked_for(dataset: Dataset, count: int) -> None:
    e2e, interactivity = (json.loads(dataset.big_body(count, data_type)) for data_type in DATA_TYPES)
    assert len(set(map(identity, e2e))) == len(e2e) == count
    assert [(*identity(row), row["y"]) for row in e2e] == [(*identity(row), row["y"]) for row in interactivity]
    assert all(list(row) == KEYS for row in e2e)
