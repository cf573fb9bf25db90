"""A run whose output is on an object store gives what one into a folder gives, readable there in place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from tests.commands import stored
from tests.crawl import runs
from tests.crawl.runs import SMALL, SPIDER
from tests.storage.outputs import ELSEWHERE, NEW, Output

LIVE = ("-a", "models=dsr1,gpt-oss-120b")


def test_the_files_are_those_of_a_run_into_a_folder(output: Output, tmp_path: Path) -> None:
    version = output.crawl()
    local = runs.end(runs.begin(runs.crawl_command(output.site, tmp_path / "local", SMALL, {})), lambda: None)
    assert local.status == 0
    folder = runs.latest(tmp_path / "local")
    objects, files = output.objects(version), runs.snapshot(folder)
    for name in stored.CSVS:
        assert objects[name] == files[name]
    assert {name for name in objects if not name.startswith("dataset/")} == {*files, ".claim"}
    summary = output.summary(version)
    assert set(summary["files"]) == objects.keys() - {"summary.json", ".claim"}
    assert output.visible() == [version]


def test_where_it_is_published_is_told_by_its_url(output: Output) -> None:
    run = output.command(*output.crawling())
    assert run.stdout.splitlines()[-1] == f"COMPLETE: {output.url}/{SPIDER}/{output.latest()}"


def test_pandas_reads_the_files_in_place(output: Output) -> None:
    place = f"{output.url}/{SPIDER}/{output.crawl()}"
    options: dict[str, Any] = output.server.options
    merged = pd.read_csv(f"{place}/inference_max_merged.csv", storage_options=options)
    rows = pd.read_parquet(f"{place}/benchmarks.parquet", storage_options=options)
    parts = pd.read_parquet(f"{place}/dataset", storage_options=options)
    assert len(merged) == output.summary(output.latest())["merged"]["rows"]
    assert len(rows) == len(parts) == output.summary(output.latest())["records"]
    assert set(parts["model"]) == {"gpt-oss-120b"}


@pytest.mark.usefixtures("environment")
def test_the_example_of_the_page_runs(output: Output) -> None:
    version = output.crawl("-a", "models=dsr1", spider="inferencex")
    page = (runs.REPO / "docs" / "storage.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example.replace("s3://my-bucket/benchmarks", output.url), names)  # noqa: S102 - it is what readers run
    assert names["version"] == version
    assert len(names["rows"]) == output.summary(version, "inferencex")["records"]


def test_duckdb_and_arrow_read_the_dataset_in_place(output: Output) -> None:
    version = output.crawl(*LIVE, spider="inferencex")
    place = f"{output.place}/inferencex/{version}"
    rows = pq.read_table(f"{place}/benchmarks.parquet", filesystem=output.fs)
    days = {(row["source"], row["date"], row["model"]) for row in rows.to_pylist()}
    dataset = ds.dataset(f"{place}/dataset", filesystem=output.fs, partitioning="hive")
    assert dataset.count_rows() == rows.num_rows
    connection = duckdb.connect()
    connection.register_filesystem(output.fs)
    found = (
        connection.read_parquet(f"s3://{place}/dataset/**/*.parquet", hive_partitioning=True)
        .aggregate("source, date, model, count(*), sum(tput_per_gpu)")
        .fetchall()
    )
    assert {(source, str(day), model) for source, day, model, *_ in found} == days
    assert sum(count for *_, count, _ in found) == rows.num_rows
    total = sum(value for value in rows["tput_per_gpu"].to_pylist() if value is not None)
    assert sum(value for *_, value in found) == pytest.approx(total)


def test_each_machine_continues_what_another_began(output: Output) -> None:
    first = output.crawl()
    second = output.crawl(machine=ELSEWHERE)
    assert output.visible() == [first, second]
    changes = output.summary(second)["changes"]
    assert (changes["since"], changes["records"]["unchanged"]) == (first, output.summary(first)["records"])
    # What is older than the latest is compressed on the store, too.
    assert {name.rpartition(".")[2] for name in output.objects(first) if name.startswith("raw/")} == {"gz"}
    assert {name.rpartition(".")[2] for name in output.objects(second) if name.startswith("raw/")} == {"json"}
    assert output.whole() == [first, second]
    verified = output.command("versions", "verify", f"{SPIDER}/{first}", machine=NEW)
    assert verified.status == 0, verified.output


def test_only_changed_carries_over_from_the_store(output: Output) -> None:
    first = output.crawl(*LIVE, spider="inferencex")
    second = output.crawl(*LIVE, "-a", "only_changed=1", spider="inferencex", machine=NEW)
    assert output.summary(second, "inferencex")["carried_over"] == [first]
    assert output.summary(second, "inferencex")["timings"]["requests"] == 2


@pytest.mark.parametrize("named", ["{url}/{spider}/{version}", "{url}/{spider}/latest", "{spider}/{version}", "latest"])
def test_a_replay_takes_up_a_stored_version(output: Output, named: str) -> None:
    first = output.crawl()
    text = named.format(url=output.url, spider=SPIDER, version=first)
    run = output.command("crawl", SPIDER, *SMALL, "-a", f"replay={text}", machine=NEW)
    assert run.status == 0, run.output
    second = output.latest()
    assert second > first
    before, after = output.objects(first), output.objects(second)
    assert [after[name] for name in stored.CSVS] == [before[name] for name in stored.CSVS]


def test_a_run_into_a_folder_replays_a_version_on_the_store(output: Output, tmp_path: Path) -> None:
    first = output.crawl()
    command = runs.crawl_command(
        None,
        tmp_path / "local",
        (*SMALL, "-a", f"replay={output.url}/{SPIDER}/latest"),
        {"MIRROR_DIR": tmp_path / NEW},
    )
    run = runs.end(runs.begin(command, output.server.environment), lambda: None)
    assert run.status == 0, run.output
    objects = output.objects(first)
    for name in stored.CSVS:
        assert (runs.latest(tmp_path / "local") / name).read_bytes() == objects[name]


def test_shards_are_combined_on_the_store(output: Output) -> None:
    args = ("-a", "models=gpt-oss")
    whole = output.objects(output.crawl(*args))
    for number, machine in ((1, ELSEWHERE), (2, NEW)):
        run = output.command(*output.crawling(*args, "-a", f"shard={number}/2"), machine=machine)
        assert run.status == 0, run.output
    combined = output.command("combine", SPIDER, machine=NEW)
    assert combined.status == 0, combined.output
    after = output.objects(output.latest())
    assert [after[name] for name in stored.CSVS] == [whole[name] for name in stored.CSVS]


def test_a_folder_has_a_dataset_where_it_is_asked_for(site_run: Path) -> None:
    summary = json.loads((site_run / "summary.json").read_text())
    assert any(name.startswith("dataset/source=static-json/") for name in summary["files"])
    assert len(pd.read_parquet(site_run / "dataset")) == summary["records"]


@pytest.fixture
def site_run(output: Output, tmp_path: Path) -> Path:
    """Return a version in a folder, made with ``PARQUET_DATASET=1``."""
    command = runs.crawl_command(output.site, tmp_path / "local", SMALL, {"PARQUET_DATASET": 1})
    assert runs.end(runs.begin(command), lambda: None).status == 0
    return runs.latest(tmp_path / "local")
