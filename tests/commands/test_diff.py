"""``scrapy diff`` as a user runs it, on two crawls of the demo site that differ in known ways."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.crawl import runs

SPIDER = "inferencemax"
OLD, CHANGED, GONE = "20251024T010000Z", "20251025T010000Z", "20251026T010000Z"


def command(*args: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run ``scrapy`` with *args*; no traceback may come of it."""
    ended = subprocess.run(
        runs.scrapy(*args),
        cwd=runs.REPO,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=runs.TIMEOUT,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def demo(output: Path, name: str, *options: str) -> Path:
    """Crawl two endpoints of the demo site into *output*; return the version, under this *name*."""
    command("demo", SPIDER, *runs.SMALL, *options, "-s", f"OUTPUT_DIR={output}", "-s", "LOG_LEVEL=ERROR")
    folder = runs.latest(output)
    return folder.rename(folder.with_name(name))


@dataclass(frozen=True)
class Store:
    """Three versions: whole; with the throughput of ``b200_trt`` 30 % lower; without ``b200_trt``."""

    output: Path
    old: Path
    changed: Path
    gone: Path

    @property
    def lost(self) -> int:
        """How many records of ``b200_trt`` the first version has."""
        return int(pc.sum(pc.equal(pq.read_table(self.old / "benchmarks.parquet")["hwKey"], "b200_trt")).as_py())

    def diff(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run ``scrapy diff``."""
        return command("diff", *args, "-s", f"OUTPUT_DIR={self.output}")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    output = tmp_path_factory.mktemp("output")
    old = demo(output, OLD)
    gone = demo(output, GONE, "--fault", "missing_hwkey=b200_trt")
    changed = shutil.copytree(old, old.with_name(CHANGED))
    table = pq.read_table(old / "benchmarks.parquet")
    slower = pc.if_else(
        pc.equal(table["hwKey"], "b200_trt"), pc.multiply(table["tpPerGpu_y"], 0.7), table["tpPerGpu_y"]
    )
    place = table.column_names.index("tpPerGpu_y")
    pq.write_table(table.set_column(place, "tpPerGpu_y", slower), changed / "benchmarks.parquet")
    latest = output / SPIDER / "latest"
    latest.unlink()
    latest.symlink_to(GONE)
    return Store(output, old, changed, gone)


def test_the_same_version_twice_is_no_difference(store: Store) -> None:
    ended = store.diff(OLD, str(store.old))
    assert ended.returncode == 0
    assert ended.stdout.startswith("Records: 0 added, 0 removed, 0 changed, 0 updated, ")
    assert len(ended.stdout.splitlines()) == 1


def test_a_hwkey_that_vanished_is_named_with_its_records(store: Store) -> None:
    ended = store.diff(f"{SPIDER}/{OLD}", "latest")
    assert ended.returncode == 3
    assert ended.stdout.startswith(f"Records: 0 added, {store.lost} removed, 0 changed, ")
    (line,) = (line for line in ended.stdout.splitlines() if "b200_trt" in line)
    assert line.split() == ["gpt-oss", "120B", "1k-1k", "b200_trt", "–", str(store.lost), "–", "–", "–", "–"]
    assert max(map(len, ended.stdout.splitlines())) <= 120


def test_a_curve_that_lost_thirty_percent_is_named_with_them(store: Store) -> None:
    ended = store.diff(OLD, "previous")
    assert ended.returncode == 3
    (line,) = (line for line in ended.stdout.splitlines() if "b200_trt" in line)
    assert line.split()[3:] == ["b200_trt", "–", "–", str(store.lost), "-30.0%", "–", "–"]


def test_a_change_below_the_threshold_is_none(store: Store) -> None:
    assert store.diff(OLD, CHANGED, "--threshold", "29").returncode == 3
    ended = store.diff(OLD, CHANGED, "--threshold", "31")
    assert ended.returncode == 0
    assert " 0 changed, " in ended.stdout
    assert store.diff(OLD, GONE, "--threshold", "31").returncode == 3


def test_only_what_is_asked_for_is_compared(store: Store) -> None:
    assert store.diff(OLD, CHANGED, "--metrics", "costh_y,e2e_x").returncode == 0
    assert store.diff(OLD, CHANGED, "--models", "gptoss120b").returncode == 3


def test_csv_and_json_have_a_row_per_record_and_metric(store: Store) -> None:
    text = store.diff(OLD, CHANGED, "--format", "csv")
    assert text.returncode == 3
    rows = pd.read_csv(io.StringIO(text.stdout))
    assert len(rows) == store.lost
    assert set(rows["change"]) == {"changed"}
    assert set(rows["metric"]) == {"tpPerGpu_y"}
    assert set(rows["hwKey"]) == {"b200_trt"}
    assert rows["relative"].round(9).unique().tolist() == [-0.3]
    objects = json.loads(store.diff(OLD, CHANGED, "--format", "json").stdout)
    assert pa.Table.from_pylist(objects).to_pandas().equals(rows.astype({"model_name": str}))


def test_without_a_difference_csv_is_a_header_and_json_an_empty_array(store: Store) -> None:
    assert store.diff(OLD, OLD, "--format", "csv").stdout.startswith("change,model_name,")
    assert json.loads(store.diff(OLD, OLD, "--format", "json").stdout) == []


def test_markdown_has_a_table_of_the_curves(store: Store) -> None:
    lines = store.diff(OLD, CHANGED, "--format", "md").stdout.splitlines()
    assert lines[-1] == f"| gpt-oss 120B | 1k-1k | b200_trt | – | – | {store.lost} | -30.0% (-30.0%) | – | – |"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "name two versions"),
        ((OLD,), f"given: {OLD}"),
        ((OLD, "nope"), "no version is called 'nope'; the newest are: inferencemax/"),
        ((OLD, CHANGED, "--threshold", "much"), "'much' is no percentage"),
        ((OLD, CHANGED, "--threshold", "-1"), "'-1' is no percentage"),
        ((OLD, CHANGED, "--metrics", "nope"), "both versions have no metric 'nope'; valid: costh_y"),
        ((OLD, CHANGED, "--metrics", ","), "is empty"),
        ((OLD, CHANGED, "--models", "nope"), "no record is of model 'nope'; there are: gpt-oss 120B"),
        ((OLD, CHANGED, "--format", "xml"), "invalid choice: 'xml'"),
    ],
)
def test_wrong_usage_is_told(store: Store, args: tuple[str, ...], said: str) -> None:
    ended = store.diff(*args)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stdout == ""


def test_a_version_that_cannot_be_read_is_told(store: Store, tmp_path: Path) -> None:
    torn = shutil.copytree(store.old, tmp_path / OLD)
    (torn / "benchmarks.parquet").write_bytes(b"PAR1")
    ended = store.diff(OLD, str(torn))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"scrapy diff: error: cannot read {torn / 'benchmarks.parquet'}: ")
    assert len(ended.stderr.splitlines()) == 1


def test_what_cannot_be_written_is_told(store: Store) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = command("diff", OLD, GONE, "-s", f"OUTPUT_DIR={store.output}", stdout=full.fileno())
    assert ended.returncode == 1
    assert ended.stderr.startswith("scrapy diff: error: cannot write: ")
