"""From the source tree to a daemon, to a job, to its version: everything over HTTP, as a user does it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from inferencemax_spider.jobs import deploy
from inferencemax_spider.jobs.order import Order
from tests.crawl import runs
from tests.jobs import daemons
from tests.jobs.daemons import CREDENTIALS, EGG_VERSION, HELPLESS, PROJECT, Daemon, Whole


def test_a_job_runs_from_the_egg_with_its_settings_and_its_version_is_read_back(daemon: Daemon, whole: Whole) -> None:
    row = whole.row
    assert (row["state"], row["result"], row["exit_status"], row["findings"]) == ("finished", "complete", 0, [])
    assert (row["done"], row["planned"]) == (18, 18)
    folder = Path(row["folder"])
    assert folder.parent == daemon.output / "inferencemax"
    merged = pd.read_csv(folder / "inference_max_merged.csv")
    assert 2 * len(merged) == len(pd.read_csv(whole.feed)) == row["records"] > 0
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["software"]["inferencemax-spider"] == EGG_VERSION
    assert (summary["job"], summary["version"]) == (whole.job, row["version"])


def test_the_same_in_one_slot_is_refused_and_in_another_it_is_not(daemon: Daemon, whole: Whole, site: str) -> None:
    again = ("schedule", "inferencemax", "-a", f"base_url={site}", *whole.args)
    run = daemon.command(*again, "--slot", "whole")
    assert (run.status, run.stdout) == (3, "")
    told = f"{whole.job} is there already, finished, on {daemon.url}; give another one a --slot"
    assert run.stderr == f"scrapy schedule: error: {told}\n"
    other = daemon.command(*again, "--slot", "other")
    assert other.status == 0
    assert daemon.ended(other.stdout.partition(" ")[0])["result"] == "complete"


def test_of_two_that_are_posted_at_once_only_one_runs(daemon: Daemon, site: str) -> None:
    before = runs.folders(daemon.output)
    order = Order("inferencemax", {"base_url": site, "models": "llama"}, {}, "race")
    for _ in range(2):
        daemon.node.schedule(PROJECT, order)
    runs.until(
        lambda: [entry["id"] for entry in daemon.node.jobs(PROJECT)["finished"]].count(order.id) == 2, "both have ended"
    )
    assert len(runs.folders(daemon.output) - before) == 1
    assert daemon.report(order.id)["status"] == "complete"


def test_a_running_job_shows_how_far_it_is_and_can_be_cancelled(daemon: Daemon, slow_site: str) -> None:
    before = runs.latest(daemon.output)
    job = daemon.schedule(slow_site, "-s", "CONCURRENT_REQUESTS=1")
    runs.until(lambda: daemon.report(job).get("done", 0) > 0, "an endpoint is done")
    row = daemon.row(job)
    assert (row["state"], row["result"], row["planned"]) == ("running", None, 18)
    assert 0 < row["done"] < 18
    run = daemon.command("cancel", job)
    assert (run.status, run.stdout) == (0, f"{job} on {daemon.url}: told to stop\n")
    row = daemon.ended(job)
    assert (row["result"], row["exit_status"]) == ("cancelled", 130)
    assert 0 < row["done"] < 18
    assert runs.latest(daemon.output) == before
    again = daemon.command("cancel", job)
    assert (again.status, again.stdout) == (3, f"{job} on {daemon.url}: had ended\n")


def test_a_job_that_is_killed_has_died(daemon: Daemon, slow_site: str) -> None:
    job = daemon.schedule(slow_site, "-a", "models=gpt-oss")
    runs.until(lambda: "planned" in daemon.report(job), "the job has begun")
    os.kill(daemon.report(job)["pid"], signal.SIGKILL)
    assert daemon.ended(job)["result"] == "died"
    shown = daemon.command("jobs").stdout
    assert f"✗ {job}: it ended without a word; its log: {daemon.url}/logs/" in shown


@pytest.mark.parametrize(
    ("setting", "result", "finding"),
    [
        ("OUTPUT_DIR=/dev/null/output", "failed", "cannot write into /dev/null/output/inferencemax: Not a directory"),
        ('CATALOG_MODELS={"gpt-oss 120B": {"expected_hwkeys": ["b999"]}}', "incomplete", "hwKey b999 is missing"),
    ],
    ids=["failed", "incomplete"],
)
def test_what_is_wrong_is_seen_without_reading_logs(
    setting: str, result: str, finding: str, daemon: Daemon, site: str
) -> None:
    job = daemon.schedule(site, "-s", setting)
    row = daemon.ended(job)
    assert row["result"] == result
    assert any(finding in line for line in row["findings"]), row
    lines = [line for line in daemon.command("jobs").stdout.splitlines() if line.startswith(f"✗ {job}: ")]
    assert lines == [f"✗ {job}: {line}" for line in row["findings"]]


@pytest.mark.parametrize(
    ("arguments", "finding"),
    [
        ({}, "a browser is not installed: pip install 'inferencemax-spider[browser]'"),
        (
            {"sample": "1"},
            "internal error: ModuleNotFoundError: No module named 'no_such_extra'; its log says more",
        ),
    ],
    ids=["foreseen", "not foreseen"],
)
def test_a_spider_whose_extra_is_missing_says_so(arguments: dict[str, str], finding: str, daemon: Daemon) -> None:
    order = Order(HELPLESS, arguments, {}, "extra")
    daemon.node.schedule(PROJECT, order)
    row = daemon.ended(order.id)
    assert (row["result"], row["exit_status"], row["findings"]) == ("failed", 1, [finding])
    assert f"✗ {order.id}: {finding}\n" in daemon.command("jobs").stdout


def test_finished_jobs_are_still_there_when_the_daemon_is_started_again(
    source: Path, tmp_path: Path, site: str
) -> None:
    daemon = Daemon(tmp_path / "node")
    with daemon.running():
        assert daemons.deployed(daemon, "--source", str(source)).status == 0
        job = daemon.schedule(site, "--slot", "once")
        before = daemon.ended(job)
    with daemon.running():
        assert daemon.row(job) == before
        again = daemon.command("schedule", "inferencemax", "-a", f"base_url={site}", "--slot", "once")
        assert again.status == 3
    assert daemon.command("jobs").status == 1


def test_nobody_gets_in_without_the_password_which_stands_nowhere(daemon: Daemon) -> None:
    for wrong in ({}, {**CREDENTIALS, "INFERENCEMAX_SCRAPYD_PASSWORD": "guess"}):
        run = daemon.command("jobs", env={"INFERENCEMAX_SCRAPYD_PASSWORD": "", **wrong})
        assert run.status == 1
        assert f"{daemon.url} refuses the user and password; set INFERENCEMAX_SCRAPYD_USER and " in run.stderr
    password = CREDENTIALS["INFERENCEMAX_SCRAPYD_PASSWORD"].encode()
    said = daemon.folder.with_suffix(".said").read_bytes()
    files = [path for path in daemon.folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if password in path.read_bytes()] == []
    assert password not in said


def test_it_listens_on_the_loopback_address_only(daemon: Daemon) -> None:
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.2", daemon.port)) != 0


def test_the_egg_carries_every_file_of_the_package_and_building_it_leaves_nothing_behind(source: Path) -> None:
    before = runs.snapshot(source)
    with zipfile.ZipFile(io.BytesIO(deploy.build(source))) as egg:
        carried = {name for name in egg.namelist() if name.startswith(PROJECT)}
    files = {name for name in before if name.startswith(PROJECT)}
    assert any(name.endswith(".html") for name in files)
    assert files - carried == set()
    assert runs.snapshot(source) == before


def test_an_egg_that_cannot_run_is_told_and_taken_back(daemon: Daemon, tmp_path: Path) -> None:
    broken = daemons.source(tmp_path)
    (broken / PROJECT / "settings.py").write_text("import no_such_module\n")
    versions = daemon.node.versions(PROJECT)
    run = daemons.deployed(daemon, "--source", str(broken))
    assert run.status == 1
    assert run.stderr == f"deploy: error: {daemon.url} says: ModuleNotFoundError: No module named 'no_such_module'\n"
    assert daemon.node.versions(PROJECT) == versions
