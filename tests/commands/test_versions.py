"""``scrapy versions``: what it prints, removes and refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from inferencemax_spider.versions import compress
from tests.commands.stored import CSVS, command, copied, decompressed, demo
from tests.crawl import runs

SPIDERS = ("inferencemax", "inferencex")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two versions of each spider, the last of which is incomplete."""
    output = tmp_path_factory.mktemp("made") / "output"
    demo(output, "inferencemax", *runs.SMALL)
    demo(output, "inferencemax", *runs.SMALL, "--fault", "missing_hwkey=b200_trt", status=3)
    for _ in range(2):
        demo(output, "inferencex", "-a", "models=dsr1")
    assert (stored(output, "inferencex")[0] / "raw" / "openapi.json.gz").is_file()
    decompressed(output)
    return output


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that store."""
    return copied(made, tmp_path / "output")


def stored(output: Path, spider: str) -> list[Path]:
    """Return the versions of a *spider*, oldest first."""
    return sorted(path for path in (output / spider).iterdir() if path.name != "latest" and path.name[0] != ".")


def summary(version: Path) -> dict[str, int]:
    loaded: dict[str, int] = json.loads((version / "summary.json").read_text())
    return loaded


def test_the_list_has_a_line_for_each_version_of_each_spider(made: Path) -> None:
    run = command(made, "versions")
    assert run.status == 0
    for spider in SPIDERS:
        old, new = stored(made, spider)
        (first,) = [line for line in run.stdout.splitlines() if old.name in line]
        (second,) = [line for line in run.stdout.splitlines() if new.name in line]
        assert spider in first
        assert f"{summary(old)['records']:,}" in first
        assert ("latest" in first, "latest" in second) == (False, True)
    assert [line.split("│")[4].strip() for line in run.stdout.splitlines() if "inferencemax" in line] == [
        "complete",
        "incomplete",
    ]


def test_the_list_can_be_read_by_programs(output: Path) -> None:
    compress.compress(stored(output, "inferencex")[0] / "raw")
    (stored(output, "inferencemax")[0] / "summary.json").write_text('{"status": "complete", "checks": [1]}')
    rows = json.loads(command(output, "versions", "list", "--format", "json").stdout)
    cells = pd.read_csv(io.StringIO(command(output, "versions", "list", "--format", "csv").stdout))
    assert [row["version"] for row in rows] == [path.name for spider in SPIDERS for path in stored(output, spider)]
    assert list(cells["version"]) == [row["version"] for row in rows]
    assert [row["status"] for row in rows] == ["unreadable", "incomplete", "complete", "complete"]
    assert [row["compressed"] for row in rows] == [False, False, True, False]
    assert [row["latest"] for row in rows] == [False, True, False, True]
    assert [row["checks_failed"] for row in rows] == [None, 1, 0, 0]
    assert rows[0]["records"] is None
    assert pd.isna(cells["records"][0])
    for row in rows[1:]:
        folder = output / row["spider"] / row["version"]
        assert row["records"] == len(pd.read_parquet(folder / "benchmarks.parquet"))
        assert row["hwkeys"] == pd.read_parquet(folder / "benchmarks.parquet")["hwKey"].nunique()
        assert row["size"] == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_one_spider_can_be_listed(made: Path) -> None:
    rows = json.loads(command(made, "versions", "--format", "json", "--spider", "inferencex").stdout)
    assert {row["spider"] for row in rows} == {"inferencex"}
    assert len(rows) == 2


def test_where_nothing_is_there_is_nothing_to_list_or_to_prune(tmp_path: Path) -> None:
    for args in (("list",), ("prune",)):
        run = command(tmp_path / "none", "versions", *args)
        assert (run.status, run.stdout) == (0, "There are no versions yet; scrapy crawl makes one.\n")


def test_a_version_is_shown_as_its_run_was_with_its_arguments_and_files(made: Path) -> None:
    run = command(made, "versions", "show", "inferencemax/latest")
    version = stored(made, "inferencemax")[1]
    assert run.status == 0
    assert f"INCOMPLETE: {version}\n" in run.stdout
    assert "✗ gpt-oss 120B: the expected hwKey b200_trt is missing from all of its 2 endpoints\n" in run.stdout
    assert "Spider arguments: models=gpt-oss 120B, sequences=1K / 1K\n" in run.stdout
    for name in (*CSVS, f"raw/{runs.BROKEN}"):
        assert any(line.startswith(f"│ {name} ") for line in run.stdout.splitlines()), name


def test_pruning_says_what_goes_and_what_is_compressed_and_does_it(output: Path) -> None:
    old, new = stored(output, "inferencex")
    before = runs.snapshot(output)
    told = command(output, "versions", "prune", "--keep", "1", "--dry-run")
    assert runs.snapshot(output) == before
    lines = [
        # The last complete version is kept.
        f"inferencemax: raw files would be compressed: {stored(output, 'inferencemax')[0].name}",
        f"inferencex: would be removed: {old.name}",
    ]
    assert told.stdout.splitlines() == lines
    done = command(output, "versions", "prune", "--keep", "1")
    assert done.stdout.splitlines() == [line.replace("would be ", "") for line in lines]
    assert (told.status, done.status) == (0, 0)
    assert stored(output, "inferencex") == [new]
    assert sorted(path.name for path in (stored(output, "inferencemax")[0] / "raw").iterdir()) == [
        f"{runs.BROKEN}.gz",
        f"{runs.WHOLE}.gz",
    ]
    assert command(output, "versions", "verify", stored(output, "inferencemax")[0].name).status == 0
    again = command(output, "versions", "prune", "--keep", "1", "--spider", "inferencex")
    assert again.stdout == "inferencex: nothing to remove or to compress\n"


def test_pruning_tells_in_one_line_what_it_cannot_do(output: Path) -> None:
    broken = stored(output, "inferencex")[0] / "raw" / "openapi.json"
    broken.unlink()
    broken.mkdir()
    run = command(output, "versions", "prune", "--spider", "inferencex")
    assert run.status == 1
    assert run.stderr == f"scrapy versions: error: {broken}: Is a directory\n"


def test_verifying_names_what_differs(output: Path) -> None:
    version = stored(output, "inferencex")[1]
    whole = command(output, "versions", "verify", "inferencex/latest")
    assert (whole.status, whole.stdout) == (0, f"{version}: no files differ from what was written\n")
    (version / "raw" / "openapi.json").unlink()
    run = command(output, "versions", "verify", str(version))
    assert run.status == 3
    assert run.stdout.splitlines() == [
        "raw/openapi.json: missing",
        f"{version}: 1 files differ from what was written",
    ]


def test_a_summary_of_another_kind_is_told_in_one_line(output: Path) -> None:
    version = stored(output, "inferencex")[1]
    for text, action in (("{", "verify"), ("{}", "verify"), ('{"coverage": 1}', "show")):
        (version / "summary.json").write_text(text)
        run = command(output, "versions", action, str(version))
        assert run.status == 1
        assert str(version) in run.stderr
        assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--format", "xml"), "--format 'xml' is unknown; valid: table, json, csv"),
        (("prune", "--keep", "0"), "--keep '0' is no whole number from 1 to 999999"),
        (("prune", "--max-age", "a week"), "--max-age 'a week' is no whole number from 1 to 999999"),
        (("prune", "--kept", "3"), "cannot make out 'prune --kept 3'; usage: scrapy versions [list | show VERSION | "),
        (("show",), "cannot make out 'show'; usage: scrapy versions [list | show VERSION | "),
        (("show", "20200101T000000Z"), "no version is called '20200101T000000Z'; the newest are: inferencemax/"),
        (("verify", "latest"), "'latest' may be any of inferencemax/latest, inferencex/latest; name one"),
        (("prune", "--spider", "nope"), "no versions of a spider 'nope' in "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_is_told_in_one_line(made: Path, args: tuple[str, ...], message: str) -> None:
    run = command(made, "versions", *args)
    assert run.status == 2
    assert run.stderr.startswith(f"scrapy versions: error: {message}")
    assert run.stderr.count("\n") == 1


def test_nobody_has_to_read_it_to_the_end(made: Path) -> None:
    process = runs.begin(runs.scrapy("versions", "-s", f"OUTPUT_DIR={made}"))
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(runs.TIMEOUT) == 0
