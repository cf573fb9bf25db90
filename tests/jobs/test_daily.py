"""Daily runs: the files that are written, systemd's opinion of them, and cron's command line as cron runs it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from inferencemax_spider.demo import Content, DemoSite, Fault
from inferencemax_spider.jobs import cron as cron_files
from inferencemax_spider.jobs import daily, systemd
from tests.crawl import runs
from tests.crawl.runs import Run
from tests.jobs.daemons import finished

NAME = "inferencemax-inferencex"
ODD = """models=dsr1,%h $HOME "q" 'r' \\ é"""
"""A value with what systemd, the shell and crontabs each take for something else."""
DUE = datetime.now(UTC) - timedelta(hours=12)
"""When the run of cron's tests was due: no next one comes due while they run."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home of % me"


def schedule(home: Path, *args: str, spider: str = "inferencex") -> Run:
    env = {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
    return finished(runs.scrapy("schedule", spider, *args), env)


def units(home: Path) -> tuple[Path, Path]:
    folder = home / ".config" / "systemd" / "user"
    return folder / f"{NAME}.service", folder / f"{NAME}.timer"


def test_units_are_written_explained_and_found_good_by_systemd(home: Path, tmp_path: Path) -> None:
    run = schedule(home, "-a", "only_changed=1", "-a", ODD, "--install", "systemd", "--tz", "Europe/Berlin")
    assert run.status == 0, run.output
    service, timer = units(home)
    for path in (service, timer, home / ".config" / "inferencemax" / "environment"):
        assert f"written: {path}\n" in run.stdout
    assert f"systemctl --user enable --now {NAME}.timer" in run.stdout
    assert "OnCalendar=*-*-* 01:00:00 Europe/Berlin\n" in timer.read_text()
    assert verified(tmp_path, service, timer) == ""


def verified(runtime: Path, *paths: Path) -> str:
    """Return what systemd has to say against the units at *paths*."""
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", *map(str, paths)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode or done.stderr else ""


def test_systemd_would_object_to_a_wrong_unit(home: Path, tmp_path: Path) -> None:
    schedule(home, "--install", "systemd")
    service, timer = units(home)
    timer.write_text(timer.read_text().replace("01:00:00 UTC", "25:00:00 Mars"))
    assert "Mars" in verified(tmp_path, service, timer)


def test_systemd_reads_the_command_as_it_was_typed(home: Path) -> None:
    # It is not running here; so its rules, of systemd.service(5), are applied backwards.
    schedule(home, "-a", ODD, "-s", "OUTPUT_DIR=a b", "--install", "systemd")
    (line,) = re.findall(r"^ExecStart=(.*)$", units(home)[0].read_text(), re.MULTILINE)
    words = [
        re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    ]
    typed = [sys.executable, "-m", "scrapy", "crawl", "inferencex", "-a", ODD, "-s", "OUTPUT_DIR=a b"]
    assert not any(re.search(r"[%$]", word.replace("%%", "").replace("$$", "")) for word in words)
    assert [word.replace("%%", "%").replace("$$", "$") for word in words] == typed


def test_with_a_fallback_it_is_a_collection(home: Path, tmp_path: Path) -> None:
    args = ("--fallback", "inferencemax", "-a", "only_changed=1", "--fallback-arg", "base_url=http://127.0.0.1:1")
    run = schedule(home, *args, "--install", "systemd")
    assert run.status == 0, run.output
    service, timer = units(home)
    (line,) = re.findall(r"^ExecStart=(.*)$", service.read_text(), re.MULTILINE)
    collect = "collect inferencex --fallback inferencemax -a only_changed=1 --fallback-arg base_url=http://127.0.0.1:1"
    assert line == f"{sys.executable} -m scrapy {collect}"
    assert verified(tmp_path, service, timer) == ""


def test_the_folder_of_the_project_may_be_called_anything() -> None:
    odd = Path("/a b%c")
    places = daily.Places(odd, odd, odd, odd, odd)
    wanted = daily.Daily("inferencex", (), time(1), "UTC", places, ())
    (crontab,) = cron_files.texts(wanted).values()
    assert "\n*/15 * * * * cd '/a b\\%c' && " in crontab
    service, _ = systemd.texts(wanted).values()
    assert "\nWorkingDirectory=/a b%%c\n" in service
    assert "\nEnvironmentFile=-/a b%%c/environment\n" in service


def test_the_units_of_the_machine_say_who_runs_them(home: Path) -> None:
    run = schedule(home, "--install", "systemd", "--system", "--print")
    assert run.status == 0
    assert f"\nUser={runs.REPO.owner()}\n" in run.stdout
    assert "# /etc/systemd/system/inferencemax-inferencex.timer\n" in run.stdout
    run = schedule(home, "--install", "cron", "--system", "--print")
    assert "# /etc/cron.d/inferencemax-inferencex\n" in run.stdout
    assert f"\n*/15 * * * * {runs.REPO.owner()} cd " in run.stdout


@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_printing_writes_nothing(kind: str, home: Path) -> None:
    run = schedule(home, "--install", kind, "--print")
    assert run.status == 0
    assert "Written by: scrapy schedule inferencex --install" in run.stdout
    assert not home.exists()


def test_what_is_replaced_is_named_and_what_is_not_ours_is_left_alone(home: Path) -> None:
    service, timer = units(home)
    schedule(home, "--install", "systemd")
    secrets = home / ".config" / "inferencemax" / "environment"
    assert secrets.stat().st_mode & 0o777 == 0o600
    secrets.write_text("A=1\n")
    secrets.chmod(0o644)
    run = schedule(home, "--install", "systemd")
    assert f"unchanged: {timer}\n" in run.stdout
    assert f"others can read {secrets}: chmod 600 it\n" in run.stdout
    run = schedule(home, "--install", "systemd", "--at", "02:30")
    assert f"replaced: {timer}\n" in run.stdout
    assert secrets.read_text() == "A=1\n"
    service.write_text("[Unit]\n")
    before = timer.read_text()
    run = schedule(home, "--install", "systemd")
    assert run.status == 1
    assert run.stderr == f"scrapy schedule: error: {service} is not ours and stays as it is; move it away first\n"
    assert (service.read_text(), timer.read_text()) == ("[Unit]\n", before)


def test_files_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.touch()
    run = schedule(home, "--install", "cron")
    assert run.status == 1
    assert run.stderr.startswith("scrapy schedule: error: cannot write the files: [Errno 20] Not a directory")


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        ("2026-11-24T00:59:59+00:00", "UTC", "2026-11-23"),
        ("2026-11-24T01:00:00+00:00", "UTC", "2026-11-24"),
        ("2026-11-24T23:30:00+00:00", "Asia/Tokyo", "2026-11-25"),
        ("2026-03-29T00:59:00+00:00", "Europe/Berlin", "2026-03-29"),
        ("2027-01-01T00:30:00+00:00", "UTC", "2026-12-31"),
    ],
)
def test_the_run_that_is_due_is_the_last_whose_time_has_come(now: str, zone: str, day: str) -> None:
    assert daily.slot(datetime.fromisoformat(now), time(1), ZoneInfo(zone)) == day


class Cron:
    """What cron does with the crontab of a *home*: each call is a quarter of an hour later."""

    def __init__(self, home: Path) -> None:
        text = (home / ".config" / "inferencemax" / f"{NAME}.cron").read_text()
        entry = text.splitlines()[-1].split(maxsplit=5)
        assert entry[:5] == ["*/15", "*", "*", "*", "*"]
        # What cron hands to the shell, as crontab(5) says; a % that is not escaped would end it.
        assert "%" not in entry[5].replace("\\%", "")
        self.line = entry[5].replace("\\%", "%")
        self.state = home / ".local" / "state" / "inferencemax"

    def ticks(self) -> subprocess.CompletedProcess[str]:
        command = ["env", "-i", "sh", "-c", self.line]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=runs.TIMEOUT)

    @property
    def note(self) -> dict[str, object]:
        return dict(json.loads((self.state / f"{NAME}.json").read_text()))

    def noted(self, note: dict[str, object]) -> None:
        (self.state / f"{NAME}.json").write_text(json.dumps(note))


def cron(home: Path, url: str, *args: str) -> Cron:
    """Return cron with a daily run of the site at *url* that writes into *home*."""
    output = ("-s", f"OUTPUT_DIR={home / 'output'}", "-s", "RETRY_TIMES=0")
    run = schedule(home, "-a", f"base_url={url}", *output, *args, "--install", "cron", "--at", f"{DUE:%H:%M}")
    assert run.status == 0, run.output
    return Cron(home)


def versions(home: Path) -> list[Path]:
    return sorted((home / "output" / "inferencex").glob("2*Z*"))


def test_cron_makes_the_run_of_the_day_once_and_says_nothing(home: Path, site: str) -> None:
    at = cron(home, site, "-a", "models=dsr1", "-a", "only_changed=1")
    first = at.ticks()
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    (version,) = versions(home)
    assert (
        len(pd.read_parquet(version / "benchmarks.parquet"))
        == json.loads((version / "summary.json").read_text())["records"]
    )
    assert at.note == {"slot": DUE.date().isoformat(), "attempts": 1, "status": 0}
    second = at.ticks()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert versions(home) == [version]


def test_a_day_that_was_missed_is_caught_up(home: Path, site: str) -> None:
    at = cron(home, site, "-a", "models=dsr1")
    at.state.mkdir(parents=True)
    at.noted({"slot": "2020-01-01", "attempts": daily.ATTEMPTS, "status": 1})
    assert at.ticks().returncode == 0
    assert len(versions(home)) == 1


def test_an_incomplete_run_is_told_and_not_repeated(home: Path, content: Content) -> None:
    with DemoSite(content, [Fault.parse("status=503@*model=gpt-oss*")]) as site:
        at = cron(home, site.base_url)
        run = at.ticks()
        assert run.returncode == 3
        assert run.stdout.startswith(f"{NAME}: exit status 3; ")
        assert "INCOMPLETE: " in run.stdout
        assert at.ticks().returncode == 0
    assert len(versions(home)) == 1


def test_a_run_that_brings_nothing_is_repeated_but_not_for_ever(home: Path) -> None:
    at = cron(home, "http://127.0.0.1:1")
    assert at.ticks().returncode == 1
    assert at.note["attempts"] == 1
    at.noted({**at.note, "attempts": daily.ATTEMPTS - 1})
    assert [at.ticks().returncode for _ in range(2)] == [1, 0]


FALLBACK = ("--fallback", "inferencemax", "-a", "models=gpt-oss-120b", "-a", "sequences=1k1k")


def test_a_fallback_that_brings_all_makes_a_good_day(home: Path, content: Content) -> None:
    with DemoSite(content, [Fault.parse("status=503@/api/*")]) as site:
        at = cron(home, site.base_url, *FALLBACK)
        run = at.ticks()
        assert (run.returncode, run.stdout, at.note["status"]) == (0, "", 0)
        assert at.ticks().returncode == 0
    (published,) = (home / "output" / "collect").glob("2*Z*")
    assert json.loads((published / "summary.json").read_text())["collected_by"] == "inferencemax"
    assert len(versions(home)) == 1


def test_a_collection_that_brings_nothing_is_repeated(home: Path) -> None:
    at = cron(home, "http://127.0.0.1:1", *FALLBACK)
    run = at.ticks()
    assert (run.returncode, at.note["status"]) == (1, 1)
    assert "scrapy collect: error: nothing is usable: inferencex failed (" in run.stdout
    assert at.ticks().returncode == 1
    assert at.note["attempts"] == 2


def test_two_never_overlap(home: Path, site: str) -> None:
    at = cron(home, site)
    at.state.mkdir(parents=True)
    with (at.state / f"{NAME}.json").open("w") as notes:
        fcntl.flock(notes, fcntl.LOCK_EX)
        run = at.ticks()
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert versions(home) == []


def test_a_run_whose_parent_was_killed_still_keeps_others_away(home: Path, content: Content) -> None:
    with DemoSite(content, [Fault.parse("latency=2")]) as site:
        at = cron(home, site.base_url, "-a", "models=dsr1")
        process = subprocess.Popen(["env", "-i", "sh", "-c", f"exec {at.line.partition(' && ')[2]}"], cwd=runs.REPO)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        runs.until(lambda: bool((home / "output" / "inferencex").is_dir()), "the run has begun")
        (child,) = map(int, children.read_text().split())
        process.kill()
        process.wait()
        assert at.ticks().stdout == ""
        assert at.note["attempts"] == 1
        runs.until(lambda: not Path(f"/proc/{child}").exists() or len(versions(home)) == 1, "the run has ended")
    assert len(versions(home)) == 1


def test_the_environment_file_reaches_the_run(home: Path, site: str) -> None:
    at = cron(home, site, "-a", "models=dsr1")
    secrets = home / ".config" / "inferencemax" / "environment"
    secrets.write_text("# a comment\nSCRAPY_SETTINGS_MODULE='no.such.module'\n\n")
    run = at.ticks()
    assert run.returncode == 1
    assert "No module named 'no'" in run.stdout


@pytest.mark.parametrize("option", ["--at=25:00", "--tz=Mars"])
def test_a_crontab_that_was_edited_wrongly_is_told(option: str, home: Path, site: str) -> None:
    at = cron(home, site)
    name, _, value = option.partition("=")
    at.line = re.sub(rf"{name} \S+", f"{name} {value}", at.line)
    run = at.ticks()
    assert run.returncode == 2
    assert run.stderr.startswith(f"{NAME}: error: '{value}' is no ")


def test_cron_reads_the_command_as_it_was_typed(home: Path) -> None:
    schedule(home, "-a", ODD, "--install", "cron")
    _, _, crawl = Cron(home).line.partition(" -- ")
    assert shlex.split(crawl) == ["crawl", "inferencex", "-a", ODD]
