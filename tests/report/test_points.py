"""Records as points of charts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.report import points
from tests.report.tables import read, row, stored


def test_models_that_share_a_name_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    table = read(tmp_path, row(), row(model="glm5.1"), row(model_name="Kimi-K3", model="kimik3"))
    assert table["label"].to_pylist() == ["GLM-5 (glm5)", "GLM-5 (glm5.1)", "Kimi-K3"]


def test_the_static_generation_has_no_keys_and_two_axes(static: Path) -> None:
    table = points.read(static / "benchmarks.parquet")
    assert table["label"].equals(table["model_name"])
    assert table["inter_x"].null_count == table["e2e_x"].null_count == table.num_rows / 2


def test_without_a_file_there_are_no_records(tmp_path: Path) -> None:
    assert points.charted(points.read(tmp_path / "benchmarks.parquet")).num_rows == 0


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(OperationalError, match=r"cannot read .*benchmarks\.parquet"):
        points.read(tmp_path / "benchmarks.parquet")


def test_what_has_no_place_is_not_charted(tmp_path: Path) -> None:
    nowhere = (row(y=None), row(y=float("inf")), row(inter_x=None, e2e_x=None), row(inter_x=float("inf"), e2e_x=None))
    assert points.charted(read(tmp_path, *nowhere, row(e2e_x=None), row(inter_x=None))).num_rows == 2


def test_fronts_are_taken_within_curves_and_within_precisions(tmp_path: Path) -> None:
    best = row(y=200.0, inter_x=60.0, e2e_x=10.0)
    worse = row(precision="fp4")
    slower = row(precision="fp4", y=50.0, inter_x=40.0, e2e_x=30.0)
    elsewhere = (row(hwKey="h200"), row(sequence_length="8k-1k"), row(model="glm5.1"))
    fronts = points.charted(read(tmp_path, best, worse, slower, *elsewhere))["front"].to_pylist()
    both, within = 1 + 2, 4 + 8
    assert fronts == [both + within, within, 0, *[both + within] * 3]


def test_the_newest_measurement_of_each_configuration(tmp_path: Path) -> None:
    path = stored(
        tmp_path,
        row(date="2026-05-02", run_url="b"),
        row(date="2026-05-01", run_url="a"),
        row(date="2026-05-01", conc=32),
        row(date="2026-05-03", disagg=True),
        row(date="2026-05-02", run_url="c"),
    )
    assert points.newest(path).tolist() == [2, 3, 4]


def test_fronts_come_first_and_the_order_stays() -> None:
    table = pa.table({"front": [0, 1, 0, 12, 0], "name": list("abcde")})
    assert points.fronts_first(table, 3)["name"].to_pylist() == ["a", "b", "d"]
    assert points.fronts_first(table, 1)["name"].to_pylist() == ["b"]


def test_sequences_are_ordered_by_their_lengths() -> None:
    names = ["agentic-traces", "8k-1k", "1k-8k", "1k-1k", "128k-1k", "1000-1k"]
    assert points.sequences(names) == ["1000-1k", "1k-1k", "1k-8k", "8k-1k", "128k-1k", "agentic-traces"]
