"""The records as a partitioned dataset, read by whoever reads such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from inferencemax_spider.versions import dataset

VERSION = "20261125T010007Z"
ODD = "a/b=c d%41:é?.."


def written(folder: Path, rows: list[dict[str, Any]], *, groups: int = 1) -> list[str]:
    """Write *rows* as the records of a version in *groups* of rows, and as a dataset; return its files' names."""
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / "benchmarks.parquet", row_group_size=max(1, len(rows) // groups))
    dataset.write(folder, VERSION)
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "dataset").rglob("*.parquet"))


def api(date: str | None, model: str | None, value: int) -> dict[str, Any]:
    return {"source": "api-v1", "date": date, "model": model, "model_name": "M", "hwKey": "h200", "value": value}


ROWS = [
    api("2026-05-01", "dsr1", 1),
    api("2026-05-02", "dsr1", 2),
    api("2026-05-01", "dsr1", 3),
    api("2026-05-01", ODD, 4),
    api(None, "dsr1", 5),
    api("2026-05-01", None, 6),
]


def test_each_source_day_and_model_has_a_place(tmp_path: Path) -> None:
    assert written(tmp_path, ROWS) == [
        "dataset/source=api-v1/date=2026-05-01/model=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
        "dataset/source=api-v1/date=2026-05-01/model=a%2Fb%3Dc%20d%2541%3A%C3%A9%3F../part-0.parquet",
        "dataset/source=api-v1/date=2026-05-01/model=dsr1/part-0.parquet",
        "dataset/source=api-v1/date=2026-05-02/model=dsr1/part-0.parquet",
        "dataset/source=api-v1/date=__HIVE_DEFAULT_PARTITION__/model=dsr1/part-0.parquet",
    ]
    file = tmp_path / "dataset/source=api-v1/date=2026-05-01/model=dsr1/part-0.parquet"
    with pq.ParquetFile(file) as part:
        assert part.read().to_pylist() == [{"model_name": "M", "hwKey": "h200", "value": value} for value in (1, 3)]


def expected() -> set[tuple[Any, ...]]:
    return {(row["source"], row["date"], row["model"], row["value"]) for row in ROWS}


def test_arrow_and_pandas_read_back_every_row(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    read = ds.dataset(tmp_path / "dataset", partitioning="hive").to_table().to_pylist()
    assert {(row["source"], row["date"], row["model"], row["value"]) for row in read} == expected()
    frame = pd.read_parquet(tmp_path / "dataset", filters=[("model", "=", "dsr1"), ("date", "=", "2026-05-01")])
    assert sorted(frame["value"]) == [1, 3]


def test_duckdb_reads_back_every_row(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    relation = duckdb.connect().read_parquet(f"{tmp_path}/dataset/**/*.parquet", hive_partitioning=True)
    rows = relation.project("source, CAST(date AS VARCHAR), model, value").fetchall()
    assert set(rows) == expected()


def test_the_static_generation_has_the_day_of_the_version(tmp_path: Path) -> None:
    rows = [{"source": "static-json", "model_name": name, "x": 1.0} for name in ("Llama 3.3 70B", "gpt-oss 120B")]
    assert written(tmp_path, rows) == [
        f"dataset/source=static-json/date=2026-11-25/model={model}/part-0.parquet"
        for model in ("gpt-oss-120b", "llama-3-3-70b")
    ]


def test_rows_that_are_not_held_at_once_make_further_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "ROWS_AT_ONCE", 2)
    names = written(tmp_path, [api("2026-05-01", "dsr1", value) for value in range(6)], groups=6)
    assert [name.rpartition("/")[2] for name in names] == ["part-0.parquet", "part-1.parquet", "part-2.parquet"]
    assert sorted(pd.read_parquet(tmp_path / "dataset")["value"]) == list(range(6))


def test_records_without_the_columns_of_a_partition_are_written_all_the_same(tmp_path: Path) -> None:
    none = "__HIVE_DEFAULT_PARTITION__"
    assert written(tmp_path, [{"x": 1.0}]) == [f"dataset/source={none}/date=2026-11-25/model={none}/part-0.parquet"]


def test_without_records_there_is_no_dataset(tmp_path: Path) -> None:
    dataset.write(tmp_path, VERSION)
    assert written(tmp_path, []) == []
