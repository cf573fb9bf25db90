"""The best value on a curve's Pareto front, over versions and days: read from the front, never beyond it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.versions import series
from inferencemax_spider.versions.series import Wanted
from inferencemax_spider.versions.stored import RECORDS, SUMMARY, StoredVersion
from tests.versions.records import LIVE, STATIC, Row

NAME = "20260506T010000Z"


def stored(
    root: Path, *rows: Row, name: str = NAME, spider: str = "inferencex", status: str = "complete", **arguments: str
) -> StoredVersion:
    """Store a version with these *rows*, as far as it is read here."""
    base, layout = (LIVE, api_v1.LATEST) if spider == "inferencex" else (STATIC, static_json.LAYOUT)
    folder = root / spider / name
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([base | row for row in rows], schema=layout.schema), folder / RECORDS)
    (folder / SUMMARY).write_text(json.dumps({"status": status, "arguments": arguments}), encoding="utf-8")
    return StoredVersion(folder)


def points(*places: tuple[float | None, float | None], **more: Any) -> list[Row]:
    """Return records at these places: interactivity, throughput."""
    return [{"inter_x": x, "tpPerGpu_y": y, "conc": conc + 1, **more} for conc, (x, y) in enumerate(places)]


def values(version: StoredVersion, *interactivities: float, metric: str = "tpPerGpu_y") -> list[float | None]:
    wanted = Wanted(metric, interactivities=interactivities)
    return series.of_version(version, wanted)["value"].to_pylist()  # type: ignore[no-any-return]


CURVE = points((20.0, 100.0), (30.0, 60.0), (25.0, 50.0), (40.0, 20.0), (10.0, 90.0))
"""Its front: (20, 100), (30, 60), (40, 20)."""


@pytest.mark.parametrize(
    ("interactivity", "best"),
    [(5.0, 100.0), (20.0, 100.0), (25.0, 80.0), (30.0, 60.0), (37.5, 30.0), (40.0, 20.0), (40.1, None)],
)
def test_the_value_is_read_from_the_front_and_not_beyond_it(
    tmp_path: Path, interactivity: float, best: float | None
) -> None:
    assert values(stored(tmp_path, *CURVE), interactivity) == [best]


def test_without_an_interactivity_it_is_the_best_overall(tmp_path: Path) -> None:
    (row,) = series.of_version(stored(tmp_path, *CURVE, *points((None, 130.0))), Wanted()).to_pylist()
    assert (row["interactivity"], row["value"]) == (None, 130.0)


def test_of_a_cost_less_is_better(tmp_path: Path) -> None:
    rows = [{"inter_x": x, "costh_y": y} for x, y in ((10.0, 1.0), (20.0, 2.0), (15.0, 9.0))]
    version = stored(tmp_path, *rows)
    assert values(version, metric="costh_y") == [1.0]
    assert values(version, 15.0, 20.0, 30.0, metric="costh_y") == [1.5, 2.0, None]


COORDINATES = st.floats(0.5, 300)


@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=20), COORDINATES)
def test_it_lies_between_the_best_points_on_either_side(places: list[tuple[float, float]], asked: float) -> None:
    table = pa.table({"inter_x": [x for x, _ in places], "tpPerGpu_y": [y for _, y in places]})
    codes = np.zeros(len(places), dtype=np.int64)
    value = float(series._values(table, codes, 1, Wanted(interactivities=[asked]))[0, 0])
    reached = [y for x, y in places if x >= asked]
    if not reached:
        assert np.isnan(value)
    else:
        assert max(reached) <= value * (1 + 1e-9)
        assert value <= max(y for _, y in places) * (1 + 1e-9)


def test_the_newest_rows_of_a_curve_are_one_front_with_the_newest_day(tmp_path: Path) -> None:
    rows = [*points((20.0, 100.0), date="2026-05-01"), *points((40.0, 20.0), date="2026-05-05")]
    (row,) = series.of_version(stored(tmp_path, *rows), Wanted(interactivities=[30.0])).to_pylist()
    assert row == {
        "model": "gpt-oss-120b",
        "model_key": "gptoss120b",
        "sequence": "1k-1k",
        "hwKey": "b200_trt",
        "precision": "fp4",
        "date": "2026-05-05",
        "version": f"inferencex/{NAME}",
        "interactivity": 30.0,
        "value": 60.0,
    }


def test_each_day_of_a_history_has_its_own_fronts(tmp_path: Path) -> None:
    rows = [*points((20.0, 100.0), date="2026-05-01"), *points((20.0, 50.0), (40.0, 20.0), date="2026-05-05")]
    version = stored(tmp_path, *rows, mode="history")
    table = series.of_version(version, Wanted(interactivities=[20.0, 30.0]))
    assert list(zip(*(table[name].to_pylist() for name in ("date", "interactivity", "value")), strict=True)) == [
        ("2026-05-01", 20.0, 100.0),
        ("2026-05-01", 30.0, None),
        ("2026-05-05", 20.0, 50.0),
        ("2026-05-05", 30.0, 35.0),
    ]
    assert series.of_version(version, Wanted(until="2026-05-04"))["date"].to_pylist() == ["2026-05-01"]
    assert series.of_version(version, Wanted(since="2026-05-02"))["date"].to_pylist() == ["2026-05-05"]


def test_the_static_generation_has_the_day_of_its_version_and_the_models_of_the_live_api(tmp_path: Path) -> None:
    halves = [{"data_type": "interactivity", "x": 40.0, "tpPerGpu_y": 90.0}, {"data_type": "e2e", "x": 50.0}]
    version = stored(tmp_path, *halves, name="20251025T010007Z", spider="inferencemax")
    (row,) = series.of_version(version, Wanted(interactivities=[30.0])).to_pylist()
    assert (row["model"], row["model_key"]) == ("gpt-oss-120b", None)
    assert (row["date"], row["value"]) == ("2025-10-25", 90.0)
    assert values(version, metric="e2e_x") == [50.0]


def test_curves_are_apart_by_key_sequence_hwkey_and_precision(tmp_path: Path) -> None:
    changes: Sequence[Row] = (
        {"model": "other"},
        {"sequence_length": "1k-8k"},
        {"hwKey": "h200_vllm"},
        {"precision": "fp8"},
    )
    version = stored(tmp_path, {}, *changes)
    assert series.of_version(version, Wanted()).num_rows == 5
    assert series.of_version(version, Wanted(sequences=["1k-8k"])).num_rows == 1


@pytest.mark.parametrize("model", ["GPT-OSS-120B", "gptoss120b", "gpt-oss", "gpt-oss 120B"])
def test_a_model_is_named_as_in_either_generation(tmp_path: Path, model: str) -> None:
    version = stored(tmp_path, {}, {"model_name": "GLM-5", "model": "glm5"})
    assert series.of_version(version, Wanted(models=[model]))["model"].to_pylist() == ["gpt-oss-120b"]


def test_versions_come_in_order_and_unreadable_ones_are_named(tmp_path: Path) -> None:
    first = stored(tmp_path, {}, name="20260501T010000Z")
    torn = stored(tmp_path, {}, name="20260502T010000Z")
    (torn.folder / RECORDS).write_bytes(b"PAR1")
    bare = stored(tmp_path, {}, name="20260503T010000Z")
    (bare.folder / SUMMARY).unlink()
    foreign = stored(tmp_path, {}, name="20260504T010000Z")
    pq.write_table(pa.table({"hwKey": ["b200"]}), foreign.folder / RECORDS)
    failed = stored(tmp_path, {}, name="20260505T010000Z", status="failed")
    last = stored(tmp_path, {}, name="20260506T010000Z")
    warnings: list[str] = []
    tables = list(series.collect([first, torn, bare, foreign, failed, last], Wanted(), warnings.append))
    assert [table["version"].to_pylist() for table in tables] == [[f"inferencex/{one.name}"] for one in (first, last)]
    assert [line.partition(": ")[0] for line in warnings] == [
        f"passed over inferencex/{one.name}" for one in (torn, bare, foreign)
    ]


def test_a_version_without_the_metric_has_no_rows(tmp_path: Path) -> None:
    version = stored(tmp_path, {}, spider="inferencemax")
    assert series.of_version(version, Wanted("median_ttft")).num_rows == 0
    assert series.of_version(stored(tmp_path), Wanted(interactivities=[20.0])).num_rows == 0


@pytest.mark.parametrize(
    ("metric", "less"),
    [
        ("tpPerGpu_y", False),
        ("tpPerMw_y", False),
        ("output_tput_per_gpu", False),
        ("inter_x", False),
        ("p99.9_intvty", False),
        ("costn_y", True),
        ("e2e_x", True),
        ("std_intvty", True),
        ("p99.9_full_response_itl", True),
    ],
)
def test_what_is_better_follows_from_the_metric(metric: str, *, less: bool) -> None:
    assert metric in series.METRIC_NAMES
    assert series.less_is_better(metric) is less
