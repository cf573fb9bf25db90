"""The live API's rows become records with everything that the dashboard derives from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inferencemax_spider.hardware import EDITIONS
from inferencemax_spider.items import Endpoint, Parsed
from inferencemax_spider.metrics import pareto_front, pareto_fronts
from inferencemax_spider.parsers import api_v1
from inferencemax_spider.parsers.bulk import BodyError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RECORDED = SHARED / "api-v1-2026-05"
STATIC = SHARED / "static-2025-10-25" / "data" / "inference-performance"
ENDPOINT = Endpoint(0, "http://127.0.0.1/api/v1/benchmarks?model=M", model="M")
HISTORY = Endpoint(
    0, "http://127.0.0.1/api/v1/benchmarks/history?model=M&isl=1024&osl=8192", "M", "1k-8k", dataset="history"
)

needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded responses are not on this machine")


def row(**changes: Any) -> dict[str, Any]:
    """Return a row as the API serves it, with *changes*."""
    configuration = {
        "hardware": "b200",
        "framework": "trtllm",
        "model": "dsr1",
        "precision": "fp4",
        "spec_method": "none",
        "disagg": False,
        "prefill_tp": 8,
        "decode_tp": 8,
        "num_prefill_gpu": 8,
        "num_decode_gpu": 8,
        "isl": 1024,
        "osl": 8192,
        "conc": 16,
        "date": "2026-03-01",
        "metrics": {"tput_per_gpu": 100.0, "median_e2el": 9.5, "median_intvty": 50.0, "p99.9_ttft": 0.25},
    }
    return configuration | changes


def parse(*rows: Any, history: bool = False, edition: str = "2026-08") -> Parsed:
    """Return what the parser makes of *rows*."""
    endpoint = HISTORY if history else ENDPOINT
    return api_v1.parse(json.dumps(rows).encode(), endpoint, EDITIONS[edition])


def first(parsed: Parsed) -> dict[str, Any]:
    """Return the first record, by column."""
    record: dict[str, Any] = parsed.records.table.slice(0, 1).to_pylist()[0]
    return record


def test_a_row_keeps_its_fields_and_gains_the_derived_ones() -> None:
    record = first(parse(row()))
    assert (record["hwKey"], record["tp"], record["sequence_length"]) == ("b200_trt", 8, "1k-8k")
    assert (record["e2e_x"], record["inter_x"], record["y"], record["p99.9_ttft"]) == (9.5, 50.0, 100.0, 0.25)
    assert record["tpPerMw_y"] == pytest.approx(100 * 1000 / 1.71)
    assert record["costh_y"] == pytest.approx(1.73 / (100 * 3600 / 1e6))
    assert (record["source"], record["model"], record["model_name"]) == ("api-v1", "dsr1", "M")


def test_the_edition_decides_over_power_and_prices() -> None:
    new, old = first(parse(row())), first(parse(row(), edition="2025-10"))
    assert (new["hardware_edition"], old["hardware_edition"]) == ("2026-08", "2025-10")
    assert old["costh_y"] == pytest.approx(1.95 / (100 * 3600 / 1e6))


def test_a_disaggregated_row_counts_prefill_and_decode_gpus() -> None:
    assert first(parse(row(disagg=True, num_prefill_gpu=4, num_decode_gpu=24)))["tp"] == 28


@pytest.mark.parametrize(
    ("hardware", "framework", "spec_method", "hwkey"),
    [
        ("gb200-nvl72", "dynamo-trtllm", "mtp", "gb200_dynamo-trt_mtp"),
        ("mi355x", "sglang-disagg", "none", "mi355x_mori-sglang"),
        ("b300", "atom-disagg", "none", "b300_mooncake-atom"),
        ("h100", "vllm", "mtp", "h100_vllm_mtp"),
    ],
)
def test_hwkey_joins_base_gpu_framework_and_method(hardware: str, framework: str, spec_method: str, hwkey: str) -> None:
    assert first(parse(row(hardware=hardware, framework=framework, spec_method=spec_method)))["hwKey"] == hwkey


def test_an_agentic_row_has_its_own_sequence_axes_and_no_method_in_its_hwkey() -> None:
    metrics = {"tput_per_gpu": 7.0, "median_ttlt": 30.0, "median_itl": 0.5, "median_full_response_itl": 0.25}
    agentic = row(isl=None, osl=None, benchmark_type="agentic_traces", spec_method="mtp", metrics=metrics)
    record = first(parse(agentic))
    assert (record["sequence_length"], record["hwKey"]) == ("agentic-traces", "b200_trt")
    assert (record["e2e_x"], record["inter_x"]) == (30.0, 4.0)


def test_a_gpu_in_no_edition_keeps_empty_derived_fields_and_is_named() -> None:
    parsed = parse(row(hardware="tpu7"), row(hardware="tpu7", conc=32))
    record = first(parsed)
    assert parsed.unpriced == {"tpu7_trt": 2}
    assert record["y"] == 100.0
    assert [record[name] for name in ("tpPerMw_y", "costh_y", "costn_y", "costr_y", "hardware_edition")] == [None] * 5


def test_missing_metrics_stay_missing() -> None:
    record = first(parse(row(metrics={})))
    assert [record[name] for name in ("y", "e2e_x", "inter_x", "costh_y", "e2e_roof")] == [None] * 5


def test_a_string_among_the_metrics_is_kept_aside() -> None:
    parsed = parse(row(metrics={"tput_per_gpu": 1.0, "median_ttft": "n/a", "p99_itl": None}))
    record = first(parsed)
    assert (record["tput_per_gpu"], record["median_ttft"]) == (1.0, None)
    assert json.loads(record["extra"]) == {"metrics": {"median_ttft": "n/a"}}


def test_a_number_that_no_column_holds_is_kept_aside_with_every_digit() -> None:
    huge = 10**400 + 7
    parsed = parse(row(metrics={"tput_per_gpu": 1.0, "median_ttft": huge}), row(conc=32))
    record = first(parsed)
    assert len(parsed.records) == 2
    assert (record["tput_per_gpu"], record["median_ttft"]) == (1.0, None)
    assert json.loads(record["extra"]) == {"metrics": {"median_ttft": huge}}


def test_undeclared_fields_and_metrics_are_kept_and_counted() -> None:
    parsed = parse(row(workers=[{"gpu": 1}], metrics={"tput_per_gpu": 1.0, "joules": 2.5}), row(conc=32))
    assert json.loads(first(parsed)["extra"]) == {"workers": [{"gpu": 1}], "metrics": {"joules": 2.5}}
    assert parsed.unknown_fields == {"workers": 1, "metrics.joules": 1}


def test_an_id_keeps_every_digit() -> None:
    assert first(parse(row(id="9007199254740993123")))["id"] == "9007199254740993123"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conc": 0}, "conc"),
        ({"conc": "16"}, "conc"),
        ({"hardware": ""}, "hardware"),
        ({"hardware": "b2\x1b[31m00"}, "hardware"),
        ({"framework": "trt\n"}, "framework"),
        ({"precision": "p" * 201}, "precision"),
        ({"date": "yesterday"}, "date"),
        ({"date": "2026-13-01"}, "date"),
        ({"date": "2026-01-32"}, "date"),
        ({"metrics": None}, "metrics"),
        ({"disagg": "no"}, "disagg"),
    ],
)
def test_a_row_with_a_wrong_field_is_rejected_alone(change: dict[str, Any], field: str) -> None:
    parsed = parse(row(), row(**change), row(conc=32))
    assert len(parsed.records) == 2
    assert [(rejection.index, rejection.faults[0].field) for rejection in parsed.rejections] == [(1, field)]


def test_a_repeated_natural_key_is_reported_and_both_rows_stay() -> None:
    records = parse(row(), row(), row(conc=32)).records
    assert len(records) == 3
    assert [(entry["conc"], entry["count"]) for entry in records.repeated()] == [(16, 2)]


def test_two_runs_of_one_day_are_two_records_of_the_history() -> None:
    runs = (row(run_url="https://example.org/1"), row(run_url="https://example.org/2"))
    assert parse(*runs, history=True).records.repeated() == []
    assert len(parse(*runs).records.repeated()) == 1


def test_an_error_document_is_no_list_of_rows() -> None:
    with pytest.raises(BodyError, match="another shape"):
        api_v1.parse(b'{"error": "unknown model"}', ENDPOINT, EDITIONS["2026-08"])


@pytest.mark.parametrize("smaller_x", [True, False])
def test_fronts_of_groups_are_those_of_each_group_alone(*, smaller_x: bool) -> None:
    rng = np.random.default_rng(7)
    groups, x, y = rng.integers(0, 5, 400), rng.integers(0, 20, 400) / 4, rng.integers(0, 20, 400) / 4
    x[::17] = np.nan
    together = pareto_fronts(groups, x, y, smaller_x=smaller_x, larger_y=True)
    for group in range(5):
        mine = groups == group
        alone = pareto_front(x[mine], y[mine], smaller_x=smaller_x, larger_y=True)
        assert together[mine].tolist() == alone.tolist()


@needs_recordings
def test_all_recorded_rows_are_valid() -> None:
    parsed = api_v1.parse((RECORDED / "benchmarks.json").read_bytes(), ENDPOINT, EDITIONS["2026-08"])
    assert (len(parsed.records), parsed.rejections, parsed.records.repeated()) == (435, [], [])
    assert len(parsed.records.table["hwKey"].unique()) == 35


@needs_recordings
def test_all_recorded_rows_of_the_history_are_valid_and_each_belongs_to_one_sequence() -> None:
    body = (RECORDED / "benchmarks-history.json").read_bytes()
    endpoints = [replace(HISTORY, sequence=sequence) for sequence in ("1k-1k", "1k-8k", "8k-1k")]
    parts = [api_v1.parse(body, endpoint, EDITIONS["2026-08"]) for endpoint in endpoints]
    assert [part.rejections + part.records.repeated() for part in parts] == [[]] * 3
    assert sum(len(part.records) for part in parts) == 1369
    assert [len(part.records) + part.unasked.total() for part in parts] == [1369] * 3
    keys = {key for part in parts for key in part.records.table["hwKey"].to_pylist()}
    assert len(keys) == 35


@needs_recordings
@pytest.mark.parametrize("body", sorted(STATIC.glob("*.json")), ids=lambda path: path.stem)
def test_recorded_curves_are_given_back(body: Path) -> None:
    recorded = json.loads(body.read_bytes())
    data_type = body.stem.rpartition("-")[2]
    rows = [_as_api_row(record, data_type) for record in recorded]
    curve = parse(*rows, edition="2025-10").records
    points = curve.layout.curve(curve.table, data_type).to_pylist()
    assert [point["tpPerGpu_roof"] for point in points] == [record["tpPerGpu"]["roof"] for record in recorded]
    assert [point["tpPerMw_roof"] for point in points] == [record["tpPerMw"]["roof"] for record in recorded]
    for name in ("costh", "costn", "costr"):
        assert [point[f"{name}_y"] for point in points] == pytest.approx(
            [r[name]["y"] for r in recorded], abs=0.00051, rel=1e-4
        )
        agree = [point[f"{name}_roof"] == record[name]["roof"] for point, record in zip(points, recorded, strict=True)]
        assert sum(agree) >= 0.99 * len(agree)


def _as_api_row(record: dict[str, Any], data_type: str) -> dict[str, Any]:
    """Return a recorded static record as the API would serve it: y as throughput, x as the median of its axis."""
    gpu, _, rest = record["hwKey"].partition("_")
    metric = "median_e2el" if data_type == "e2e" else "median_intvty"
    return row(
        hardware=gpu,
        framework="trt" if rest == "trt" else "sglang",
        spec_method="mtp" if rest == "mtp" else "none",
        precision=record["precision"],
        conc=record["conc"],
        decode_tp=record["tp"],
        metrics={"tput_per_gpu": record["y"], metric: record["x"]},
    )
