"""``scrapy history`` as a user runs it, on crawls of the demo site by both spiders."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from inferencemax_spider.metrics import pareto_front
from inferencemax_spider.versions import series
from tests.commands.test_diff import command, demo
from tests.crawl import runs

STATIC = "20251025T010000Z"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("output")
    demo(output, STATIC)
    for mode in ("latest", "history"):
        options = ("-a", "models=gpt-oss-120b", "-a", f"mode={mode}", "-s", f"OUTPUT_DIR={output}")
        command("demo", "inferencex", *options, "-s", "LOG_LEVEL=ERROR")
    return output


def history(output: Path, *args: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return command("history", *args, "-s", f"OUTPUT_DIR={output}", stdout=stdout)


def rows(output: Path, *args: str) -> pd.DataFrame:
    ended = history(output, *args)
    assert (ended.returncode, ended.stderr) == (0, "")
    return pd.read_csv(io.StringIO(ended.stdout))


def test_every_version_of_every_spider_has_its_curves(output: Path) -> None:
    found = rows(output)
    versions = [f"{path.parent.name}/{path.name}" for path in sorted(output.glob("*/2*"))]
    assert found["version"].unique().tolist() == versions
    assert len(versions) == 3
    assert list(found.columns) == series.SCHEMA.names
    assert not found.duplicated(["model_key", "sequence", "hwKey", "precision", "date", "version"]).any()
    assert found["value"].notna().all()
    days = found.groupby("version")["date"].nunique()
    assert days[versions[0]] == 1
    assert days[versions[2]] > 1


def test_values_are_those_of_the_stored_records(output: Path) -> None:
    table = pq.read_table(output / "inferencemax" / STATIC / "benchmarks.parquet").to_pandas()
    curve = table.query("hwKey == 'b200_trt' and precision == 'fp4' and data_type == 'interactivity'")
    found = rows(output, "--spider", "inferencemax", "--interactivity", f"{curve['x'].median()},9999")
    chosen = found.query("hwKey == 'b200_trt' and precision == 'fp4'")
    front = curve[pareto_front(curve["x"], curve["tpPerGpu_y"], smaller_x=False, larger_y=True)].sort_values("x")
    after = front[front["x"] >= curve["x"].median()].iloc[0]
    before = front[front["x"] <= curve["x"].median()]["tpPerGpu_y"]
    assert chosen["value"].isna().tolist() == [False, True]
    assert after["tpPerGpu_y"] <= chosen["value"].iloc[0] <= before.min()
    best = rows(output, "--spider", "inferencemax").query("hwKey == 'b200_trt' and precision == 'fp4'")
    assert best["value"].tolist() == [curve["tpPerGpu_y"].max()]


def test_what_is_asked_for_is_chosen(output: Path) -> None:
    found = rows(
        output, "costn_y", "--spider", "inferencex", "--models", "gptoss120b", "--sequences", "1k/8k", "--since",
        "2026-03-01", "--until", "2026-04-30",
    )  # fmt: skip
    assert set(found["sequence"]) == {"1k-8k"}
    assert set(found["model"]) == {"gpt-oss-120b"}
    assert "2026-03-01" <= found["date"].min() <= found["date"].max() <= "2026-04-30"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_is_new_unless_it_is_to_be_overwritten(output: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"history{suffix}"
    assert history(output, "-o", str(path)).returncode == 0
    read = pd.read_csv if suffix == ".csv" else pd.read_parquet
    whole = read(path)
    assert len(whole) == len(rows(output))
    again = history(output, "-o", str(path), "--spider", "inferencemax")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"scrapy history: error: {path} is there already; -O overwrites it\n"
    assert history(output, "-O", str(path), "--spider", "inferencemax").returncode == 0
    assert 0 < len(read(path)) < len(whole)
    assert list(tmp_path.iterdir()) == [path]


def test_a_version_that_cannot_be_read_is_named_and_passed_over(output: Path) -> None:
    torn = output / "inferencemax" / "20251026T010000Z"
    torn.mkdir()
    try:
        ended = history(output, "--spider", "inferencemax")
    finally:
        torn.rmdir()
    assert ended.returncode == 0
    (warning,) = ended.stderr.splitlines()
    assert warning.startswith("scrapy history: warning: passed over inferencemax/20251026T010000Z: cannot read ")
    assert len(ended.stdout.splitlines()) > 1


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("nope",), 2, "there is no metric 'nope'; valid: costh_y, "),
        (("a", "b"), 2, "name one metric; given: a b"),
        (("--spider", "nope"), 2, "no spider 'nope' has versions in "),
        (("--interactivity", "fast"), 2, "'fast' is no interactivity"),
        (("--interactivity", "-1"), 2, "'-1' is no interactivity"),
        (("--sequences", "2k/2k"), 2, "unknown sequence '2k/2k'"),
        (("--since", "yesterday"), 2, "'yesterday' is no day"),
        (("-o", "history.xml"), 2, "'history.xml' ends with none of .csv, .parquet"),
        (("-o", "nowhere/history.csv"), 1, "cannot write: "),
        (("--models", "nope"), 1, "no stored version has a value of tpPerGpu_y for that"),
    ],
)
def test_what_is_wrong_is_told(output: Path, args: tuple[str, ...], status: int, said: str) -> None:
    ended = history(output, *args)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert said in ended.stderr


def test_a_reader_that_goes_away_is_no_failure(output: Path) -> None:
    process = runs.begin(runs.scrapy("history", "-s", f"OUTPUT_DIR={output}"))
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == ""
    assert process.wait(timeout=runs.TIMEOUT) == 0
    process.stderr.close()
