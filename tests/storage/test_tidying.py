"""What leaves the store leaves it whole; what replaces something does so for every machine."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inferencemax_spider.storage.mirror import Mirror
from inferencemax_spider.versions import retention
from tests.crawl.runs import SPIDER
from tests.storage.outputs import ELSEWHERE, HERE, NEW, Output

POLICY = retention.Policy(keep=1)


@pytest.fixture
def three(output: Output) -> list[str]:
    """Return three versions, oldest first, of which only the latest is known elsewhere."""
    return [output.crawl() for _ in range(3)]


def test_prune_removes_all_objects_of_a_version(output: Output, three: list[str]) -> None:
    run = output.command("versions", "prune", "--keep", "1", machine=ELSEWHERE)
    assert run.status == 0, run.output
    assert f"removed: {three[0]}, {three[1]}" in run.stdout
    assert [output.objects(version) for version in three[:2]] == [{}, {}]
    assert output.whole() == three[2:]
    # The machine that made them learns of it.
    assert three[0] not in output.command("versions", machine=HERE).stdout


def test_a_dry_run_changes_nothing(output: Output, three: list[str]) -> None:
    before = [output.objects(version) for version in three]
    run = output.command("versions", "prune", "--keep", "1", "--dry-run", machine=ELSEWHERE)
    assert f"would be removed: {three[0]}, {three[1]}" in run.stdout
    assert [output.objects(version) for version in three] == before


def test_two_prunes_at_once_do_no_harm(output: Output, three: list[str]) -> None:
    args = ("versions", "prune", "--keep", "1")
    processes = [output.begin(*args, machine=machine) for machine in (ELSEWHERE, NEW)]
    for process in processes:
        assert process.communicate()[1] == ""
        assert process.returncode == 0
    assert output.whole() == three[2:]


@pytest.mark.usefixtures("environment")
def test_a_killed_prune_is_ended_by_the_next_one(output: Output, three: list[str]) -> None:
    with output.server.fault("DELETE", f"{three[0]}/raw/", "hold") as fault:
        process = output.begin("versions", "prune", "--keep", "1", machine=ELSEWHERE)
        fault.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert output.visible() == three[1:]  # the summary goes first
        fault.kind = "status"
    assert output.command("versions", "prune", "--keep", "1", machine=ELSEWHERE).status == 0
    assert output.whole() == three[2:]
    # What is left of the first one is nobody's; it goes when it is sure that nobody is writing it.
    assert retention.apply(root(output, ELSEWHERE), POLICY, soon(), dry_run=True).abandoned == [three[0]]


def root(output: Output, machine: str) -> Path:
    return output.mirror(machine) / SPIDER


def soon() -> datetime:
    """Return a time when what is written now is no longer being written."""
    return datetime.now(UTC) + timedelta(days=2)


@pytest.mark.usefixtures("environment")
def test_half_an_upload_goes_after_a_day(output: Output) -> None:
    first = output.crawl()
    with output.server.fault("PUT", "/summary.json"):
        assert output.command(*output.crawling()).status == 1
    place = f"{output.place}/{SPIDER}"
    (half,) = {key.split("/")[-2] for key in output.fs.glob(f"{place}/*/.claim")} - {first}
    assert len(output.objects(half)) > 1
    report = retention.apply(root(output, HERE), POLICY, datetime.now(UTC))
    assert (report.abandoned, report.errors) == ([], [])
    report = retention.apply(root(output, HERE), POLICY, soon())
    assert (report.abandoned, report.errors) == ([half], [])
    assert output.objects(half) == {}
    assert output.whole() == [first]


def test_a_killed_compression_loses_no_raw_file(output: Output) -> None:
    first = output.crawl()
    with output.server.fault("DELETE", f"{first}/raw/", "hold") as fault:
        process = output.begin(*output.crawling())
        fault.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        fault.kind = "status"
    forms = [name for name in output.objects(first) if name.startswith("raw/")]
    assert {name.removesuffix(".gz") for name in forms} == {
        name for name in output.summary(first)["files"] if "raw/" in name
    }
    assert len(output.whole()) == 2
    assert output.command("versions", "prune").status == 0
    assert {name[-3:] for name in output.objects(first) if name.startswith("raw/")} == {".gz"}
    assert len(output.whole()) == 2


def test_a_rebuild_is_seen_by_a_machine_that_had_read_the_version(output: Output) -> None:
    args = ("-a", "models=dsr1")
    first = output.crawl(*args, spider="inferencex")
    before = output.command("history", "costh_y", machine=ELSEWHERE).stdout
    run = output.command("rebuild", "inferencex/latest", "-s", "HARDWARE_EDITION=2025-10", machine=NEW)
    assert run.status == 0, run.output
    assert run.stdout.splitlines()[-1] == f"COMPLETE: {output.url}/inferencex/{first}"
    summary = output.summary(first, "inferencex")
    assert summary["rebuilt_at"]
    after = output.command("history", "costh_y", machine=ELSEWHERE).stdout
    assert after != before
    assert after == output.command("history", "costh_y", machine="newer").stdout
    assert output.whole("inferencex") == [first]


def test_a_rebuild_that_cannot_be_written_back_fails_and_is_mended(output: Output) -> None:
    version = output.crawl()
    before = output.objects(version)
    with output.server.fault("PUT", f"{version}/summary.json"):
        run = output.command("rebuild", "latest")
    assert run.status == 1
    assert json.loads(output.objects(version)["summary.json"]) == json.loads(before["summary.json"])
    assert output.command("rebuild", "latest", machine=ELSEWHERE).status == 0
    assert output.whole() == [version]
    assert output.command("check-run", "latest").status == 0


def test_a_report_is_written_back(output: Output) -> None:
    version = output.crawl()
    output.fs.rm_file(f"{output.place}/{SPIDER}/{version}/report.html")
    run = output.command("report", "latest", machine=NEW)
    assert run.status == 0, run.output
    assert output.objects(version)["report.html"].lower().startswith(b"<!doctype html>")
    assert output.whole() == [version]


@pytest.mark.usefixtures("environment")
def test_a_name_is_given_once(output: Output, tmp_path: Path) -> None:
    machines = [Mirror(tmp_path / name / SPIDER, output.url) for name in "abc"]
    assert [machine.claim("20261125T010000Z") for machine in machines] == [True, False, False]


@pytest.mark.usefixtures("environment")
def test_latest_never_goes_back(output: Output, tmp_path: Path) -> None:
    old, new = Mirror(tmp_path / "a" / SPIDER, output.url), Mirror(tmp_path / "b" / SPIDER, output.url)
    assert new.point_latest("20261125T010000Z")
    assert not old.point_latest("20261124T010000Z")
    assert output.latest() == "20261125T010000Z"
    # What another has moved between the look and the write is not overwritten.
    seen = old.latest()[1]
    assert new.point_latest("20261126T010000Z")
    assert not old.objects.swap("latest", b"20261125T020000Z\n", seen)
    assert output.latest() == "20261126T010000Z"
