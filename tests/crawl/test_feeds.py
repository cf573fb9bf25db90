"""The feeds are Scrapy feeds: a user adds, drops and redirects them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.crawl import runs
from tests.crawl.conftest import Crawl, Healthy, Start
from tests.crawl.runs import BROKEN, SMALL, Run

MERGED = "%(run_dir)s/inference_max_merged.csv"
E2E = "%(run_dir)s/inference_max_e2e.csv"


@pytest.fixture
def added(start: Start, crawl: Crawl, tmp_path: Path) -> Run:
    """Return a run with a feed of each format, beside the standard ones."""
    names = ("records.jsonl", "records.json", "records.csv", "records.parquet")
    return crawl(start(), *SMALL, *(part for name in names for part in ("-O", str(tmp_path / name))))


def test_every_format_gives_one_row_per_record(added: Run, tmp_path: Path) -> None:
    tables = [
        pd.DataFrame([json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]),
        pd.DataFrame(json.loads((tmp_path / "records.json").read_bytes())),
        pd.read_csv(tmp_path / "records.csv"),
        pd.read_parquet(tmp_path / "records.parquet"),
    ]
    assert added.status == 0
    assert (added.place / "inference_max_merged.csv").is_file()
    for table in tables:
        assert len(table) == 300
        assert table["hwKey"].tolist() == tables[0]["hwKey"].tolist()
        assert table["x"].tolist() == tables[0]["x"].tolist()
        assert set(table["data_type"]) == {"e2e", "interactivity"}


def test_a_standard_feed_can_be_dropped(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), *SMALL, FEEDS=json.dumps({MERGED: None}))
    assert run.status == 0
    assert not (run.place / "inference_max_merged.csv").exists()
    assert (run.place / "inference_max_e2e.csv").is_file()
    assert run.summary["merged"] is None
    skipped = [check["name"] for check in run.summary["checks"] if check["status"] == "skip"]
    assert "merge_complete" in skipped


def test_a_standard_feed_can_be_redirected(healthy: Healthy, start: Start, crawl: Crawl, tmp_path: Path) -> None:
    feeds = {MERGED: None, str(tmp_path / "elsewhere.csv"): {"format": "merged-csv"}}
    run = crawl(start(), FEEDS=json.dumps(feeds))
    assert run.status == 0
    assert run.summary["merged"] == healthy.run.summary["merged"]
    assert (tmp_path / "elsewhere.csv").read_bytes() == healthy.run.read("inference_max_merged.csv")


def test_a_standard_feed_can_be_given_other_columns(start: Start, crawl: Crawl) -> None:
    feeds = {E2E: {"format": "csv", "fields": {"hwKey": "curve", "x": "latency_s"}}}
    run = crawl(start(), *SMALL, FEEDS=json.dumps(feeds))
    assert run.status == 0
    assert list(run.cells("inference_max_e2e.csv").columns) == ["curve", "latency_s"]


def test_all_feeds_can_be_dropped(start: Start, crawl: Crawl) -> None:
    names = ("inference_max_e2e.csv", "inference_max_interactivity.csv", "inference_max_merged.csv")
    others = ("benchmarks.parquet", "rejected.jsonl", "failures.jsonl")
    run = crawl(start(), *SMALL, FEEDS=json.dumps(dict.fromkeys(f"%(run_dir)s/{name}" for name in (*names, *others))))
    assert run.status == 0
    assert {path.name for path in run.place.iterdir()} == {"raw", "report.html", "summary.json"}


def test_a_feed_on_standard_output_has_it_to_itself(start: Start, output: Path) -> None:
    process = runs.begin(runs.crawl_command(start().base_url, output, (*SMALL, "-O", "-:jsonl"), {}))
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    assert process.returncode == 0
    assert len([json.loads(line) for line in stdout.splitlines()]) == 300
    assert "COMPLETE" in stderr


def test_appending_keeps_one_header(start: Start, crawl: Crawl, tmp_path: Path) -> None:
    for _ in range(2):
        assert crawl(start(), *SMALL, "-o", str(tmp_path / "all.csv")).status == 0
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 300
    assert [line for line in lines if line.startswith("source,")] == lines[:1]


def test_merged_rows_without_a_counterpart_stay_with_empty_cells(start: Start, crawl: Crawl) -> None:
    run = crawl(start(f"missing_hwkey=h200@{BROKEN}", "missing_hwkey=mi300x@*-interactivity.json"), *SMALL)
    merged = run.cells("inference_max_merged.csv").set_index("hwKey")
    lost, alone = merged.loc[["h200"]], merged.loc[["mi300x"]]
    assert run.status == 3
    assert len(merged) == 150
    assert set(lost["e2e_x"]) == set(lost["e2e_y"]) == set(alone["inter_x"]) == set(alone["inter_y"]) == {""}
    assert "" not in {*lost["inter_x"], *lost["costh_y"], *alone["e2e_x"], *alone["costh_y"]}
    assert run.summary["merged"]["only_interactivity"] == len(lost)
    assert run.summary["merged"]["only_e2e"] == len(alone)


@pytest.mark.parametrize("name", ["all.json", "all.parquet"])
def test_a_second_document_is_not_put_behind_the_first(start: Start, crawl: Crawl, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert crawl(start(), *SMALL, "-o", str(file)).status == 0
    first = file.read_bytes()
    again = crawl(start(), *SMALL, "-o", str(file))
    assert again.status == 2
    assert "overwrite it with -O" in again.stderr
    assert file.read_bytes() == first


def test_a_column_that_there_is_not_is_refused(start: Start, crawl: Crawl) -> None:
    feeds = json.dumps({"%(run_dir)s/x.csv": {"format": "csv", "fields": ["model_nam", "x"]}})
    run = crawl(start(), *SMALL, FEEDS=feeds)
    assert run.status == 2
    assert "has no column 'model_nam'; valid: source, model_name" in run.stderr
    assert run.folder is None
