"""``scrapy rebuild``: the outputs again from the raw files, in place, or nothing at all; and replays."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.versions import compress
from tests.commands.stored import CSVS, command, copied, demo
from tests.crawl import runs
from tests.versions.test_store import holding

KILLED = """
import os, signal, sys
from scrapy.cmdline import execute

left = iter(range(int(sys.argv.pop(1))))

def hook(event, arguments):
    if event == "os.rename" and ".rebuild" in str(arguments[0]) and next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
execute(["scrapy", *sys.argv[1:]])
"""
OUTPUTS = (*CSVS, "benchmarks.parquet")
GLM = "close@*model=GLM-5*"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a version of each spider; GLM-5 did not answer ``inferencex``."""
    output = tmp_path_factory.mktemp("made") / "output"
    demo(output, "inferencemax", *runs.SMALL)
    demo(output, "inferencex", "-a", "models=dsr1,GLM-5", "--fault", GLM, "-s", "RETRY_TIMES=0", status=3)
    return output


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    """Return a copy of that store."""
    return copied(made, tmp_path / "output")


def only(output: Path, spider: str) -> Path:
    """Return the version of a *spider*."""
    return (output / spider / "latest").resolve()


def summary(version: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((version / "summary.json").read_text())
    return loaded


def tree(output: Path) -> list[str]:
    """Return the names of all that is in *output*, but of files in versions."""
    return sorted(str(path.relative_to(output)) for path in output.glob("*/*"))


@pytest.mark.parametrize(("spider", "status"), [("inferencemax", 0), ("inferencex", 3)])
def test_a_rebuild_gives_the_same_files_from_compressed_raw_files_alone(output: Path, spider: str, status: int) -> None:
    version = only(output, spider)
    before, there = runs.snapshot(version), tree(output)
    compress.compress(version / "raw")
    raw = runs.snapshot(version / "raw")
    (version / CSVS[0]).unlink()
    (version / "benchmarks.parquet").write_bytes(b"damaged")
    run = command(output, "rebuild", f"{spider}/latest")
    assert run.status == status
    assert {name: (version / name).read_bytes() for name in OUTPUTS} == {name: before[name] for name in OUTPUTS}
    assert runs.snapshot(version / "raw") == raw
    assert tree(output) == there
    assert str(version) in run.stdout.splitlines()[-1]
    assert command(output, "versions", "verify", f"{spider}/latest").status == 0
    stored, rebuilt = json.loads(before["summary.json"]), summary(version)
    assert rebuilt.pop("rebuilt_at") > stored["timings"]["finished_at"]
    assert rebuilt.pop("files").keys() == stored.pop("files").keys()
    assert without_retries(rebuilt) == without_retries(stored)


def without_retries(summary: dict[str, Any]) -> dict[str, Any]:
    """Return *summary* without the judgement of how the site was asked: a rebuild asks nothing."""
    return {**summary, "checks": [check for check in summary["checks"] if check["name"] != "retries"]}


def test_what_did_not_come_then_is_missed_by_a_replay_too(output: Path) -> None:
    version = only(output, "inferencex")
    replay = command(output, "crawl", "inferencex", "-a", f"replay={version}", "-a", "models=dsr1,GLM-5")
    stored, replayed = summary(version), summary(only(output, "inferencex"))
    assert replay.status == stored["exit_status"] == 3
    assert only(output, "inferencex") != version
    assert [check["findings"] for check in replayed["checks"]] == [check["findings"] for check in stored["checks"]]
    assert replayed["endpoints"] == stored["endpoints"]
    names = ("url", "state", "reason", "exception", "attempts", "records")
    assert [[detail[name] for name in names] for detail in replayed["endpoint_details"]] == [
        [detail[name] for name in names] for detail in stored["endpoint_details"]
    ]


@pytest.mark.parametrize("spider", ["inferencemax", "inferencex"])
def test_a_compressed_version_is_replayed_byte_for_byte(output: Path, spider: str) -> None:
    version = only(output, spider)
    compress.compress(version / "raw")
    given = [text for name, value in summary(version)["arguments"].items() for text in ("-a", f"{name}={value}")]
    run = command(output, "crawl", spider, "-a", f"replay={version}", *given)
    replayed = only(output, spider)
    assert run.status == summary(version)["exit_status"]
    assert replayed != version
    for name in OUTPUTS:
        assert (replayed / name).read_bytes() == (version / name).read_bytes(), name


def test_a_damaged_compressed_file_is_named_by_a_replay(output: Path) -> None:
    version = only(output, "inferencex")
    compress.compress(version / "raw")
    path = version / "raw" / "benchmarks-DeepSeek-R1-0528.json.gz"
    path.write_bytes(path.read_bytes()[:1000])
    run = command(output, "crawl", "inferencex", "-a", f"replay={version}")
    assert run.status == 1
    assert f"failed: raw file {path.name.removesuffix('.gz')}: {path.name} is damaged: it was cut off" in run.stdout


def test_what_is_not_new_is_carried_over_from_compressed_raw_files(tmp_path: Path) -> None:
    arguments = ("inferencex", "-a", "models=dsr1")
    version = demo(tmp_path, *arguments)
    compress.compress(version / "raw")
    following = demo(tmp_path, *arguments, "-a", "only_changed=1")
    assert summary(following)["carried_over"] == [version.name]
    assert (following / OUTPUTS[3]).read_bytes() == (version / OUTPUTS[3]).read_bytes()


def test_a_result_with_fewer_records_replaces_nothing_unless_it_is_forced(output: Path) -> None:
    version = only(output, "inferencemax")
    (version / "raw" / runs.BROKEN).unlink()
    before = runs.snapshot(version)
    run = command(output, "rebuild", "inferencemax/latest")
    had = summary(version)["records"]
    assert run.status == 3
    assert (
        f"scrapy rebuild: error: nothing was replaced: it would have {had // 2} records instead of {had}; "
        in run.stderr
    )
    assert runs.snapshot(version) == before
    forced = command(output, "rebuild", "inferencemax/latest", "--force")
    assert forced.status == 3
    assert summary(version)["records"] == had // 2
    assert len((version / CSVS[0]).read_bytes().splitlines()) == 1
    assert tree(output) == tree_without_hidden(output)


def tree_without_hidden(output: Path) -> list[str]:
    return [name for name in tree(output) if "/." not in name]


def test_a_run_that_fails_replaces_nothing(output: Path) -> None:
    version = only(output, "inferencemax")
    for path in (version / "raw").iterdir():
        path.write_text("damaged")
    before = runs.snapshot(version)
    run = command(output, "rebuild", "inferencemax/latest")
    assert run.status == 3
    assert "nothing was replaced: nothing usable could be made of its raw files" in run.stderr
    assert runs.snapshot(version) == before
    assert command(output, "versions", "prune").status == 0
    assert tree(output) == tree_without_hidden(output)


def test_outputs_that_are_no_longer_made_go_and_what_was_put_there_stays(output: Path) -> None:
    version = only(output, "inferencemax")
    (version / "notes.txt").write_text("mine")
    without = json.dumps({f"%(run_dir)s/{CSVS[0]}": None})
    assert command(output, "rebuild", "inferencemax/latest", "-s", f"FEEDS={without}").status == 0
    assert not (version / CSVS[0]).exists()
    assert (version / "notes.txt").read_text() == "mine"
    assert CSVS[0] not in summary(version)["files"]


@pytest.mark.parametrize("step", [0, 2, 4])
def test_a_rebuild_that_is_killed_leaves_the_raw_files_and_the_next_one_mends_it(output: Path, step: int) -> None:
    version = only(output, "inferencemax")
    before, there = runs.snapshot(version), tree(output)
    (version / CSVS[2]).write_text("outdated")
    arguments = (str(step), "rebuild", "inferencemax/latest", "-s", f"OUTPUT_DIR={output}")
    process = runs.begin([sys.executable, "-c", KILLED, *arguments])
    process.communicate(timeout=runs.TIMEOUT)
    assert process.returncode == -signal.SIGKILL
    assert (version / "summary.json").read_bytes() == before["summary.json"]
    assert runs.snapshot(version / "raw") == {
        name.removeprefix("raw/"): content for name, content in before.items() if name.startswith("raw/")
    }
    assert command(output, "rebuild", "inferencemax/latest").status == 0
    assert command(output, "versions", "verify", "inferencemax/latest").status == 0
    assert {name: (version / name).read_bytes() for name in OUTPUTS} == {name: before[name] for name in OUTPUTS}
    assert tree(output) == there


def test_a_version_that_somebody_works_on_is_not_rebuilt(output: Path) -> None:
    version = only(output, "inferencemax")
    with holding(version):
        run = command(output, "rebuild", "inferencemax/latest")
    assert run.status == 1
    assert f"scrapy rebuild: error: {version} is in use by another command; try again after it\n" in run.stderr


def test_a_version_whose_summary_does_not_say_enough_is_not_rebuilt(output: Path) -> None:
    version = only(output, "inferencemax")
    held = summary(version)
    del held["arguments"]
    (version / "summary.json").write_text(json.dumps(held))
    run = command(output, "rebuild", "inferencemax/latest")
    assert run.status == 1
    assert (
        f"scrapy rebuild: error: {version}/summary.json does not hold arguments; scrapy crawl -a replay=" in run.stderr
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "name one version, without spider arguments; given: nothing"),
        (("a", "b"), "name one version, without spider arguments; given: a b"),
        (("a", "-a", "models=x"), "name one version, without spider arguments; given: a -a models=x"),
        (("nope",), "no version is called 'nope'; the newest are: inferencemax/"),
    ],
    ids=["nothing", "two", "an argument", "an unknown one"],
)
def test_wrong_usage_is_told_in_one_line(made: Path, args: tuple[str, ...], message: str) -> None:
    run = command(made, "rebuild", *args)
    assert run.status == 2
    assert f"scrapy rebuild: error: {message}" in run.stderr
