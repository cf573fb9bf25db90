"""The browser: that it is there, that it may crash, and that none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.dashboard import browsing
from inferencemax_spider.demo import Content, DemoSite
from inferencemax_spider.errors import OperationalError
from tests.crawl import runs
from tests.crawl.runs import Run
from tests.dashboard.conftest import Crawl, Start, command, folders

NOT_THERE = "import sys\nsys.modules['scrapy_playwright'] = None\n"
GPT_OSS = ("-a", "models=gpt-oss")


def processes() -> dict[int, tuple[int, str, str]]:
    """Return the parent, the state and the command line of all processes of this machine."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            found[int(entry.name)] = int(parent), state, (entry / "cmdline").read_text().replace("\0", " ")
    return found


def below(pid: int) -> dict[int, str]:
    """Return the processes that *pid* has started, and what those have, with their command lines."""
    everything, found, last = processes(), {pid: ""}, -1
    while len(found) != last:
        last = len(found)
        found |= {child: line for child, (parent, _, line) in everything.items() if parent in found}
    return {child: line for child, line in found.items() if child != pid}


def browsers(pid: int) -> list[int]:
    """Return the browsers, without their helpers, that *pid* has started."""
    return [child for child, line in below(pid).items() if "--remote-debugging-pipe" in line and "--type=" not in line]


def alive(pids: dict[int, str]) -> dict[int, str]:
    """Return those of *pids* that are still there as what they were, zombies too."""
    everything = processes()
    return {pid: line for pid, line in pids.items() if pid in everything and everything[pid][2] in {line, ""}}


def none_left(pids: dict[int, str]) -> None:
    """Wait until none of *pids* is there: the helpers of a browser that has ended take a moment to see it."""
    runs.until(lambda: not alive(pids), "all processes gone")


class Running:
    """A crawl of a page under way."""

    def __init__(self, site: DemoSite, output: Path, *args: str, **settings: Any) -> None:
        self.site, self.output = site, output
        self.process = runs.begin(command(output, site, *args, **settings))

    def until_asked(self, name: str) -> dict[int, str]:
        """Wait until the page has asked for the body *name*; return the processes that are there then."""
        runs.until(lambda: any(request.path.endswith(name) for request in self.site.requests), f"{name} asked for")
        return below(self.process.pid)

    def ended(self) -> Run:
        """Wait for the end."""
        return runs.end(self.process, lambda: next(iter(folders(self.output)), None))


@pytest.fixture
def running(older: Content, start: Start, output: Path) -> Iterator[Running]:
    """Return a crawl whose page waits for a body that does not come."""
    site = start(older, "stall,times=1@gpt-oss-120b-1k_8k-e2e.json")
    crawl = Running(site, output, *GPT_OSS, DOWNLOAD_TIMEOUT=100, RETRY_BACKOFF=0.01)
    yield crawl
    if crawl.process.poll() is None:
        crawl.process.kill()
        crawl.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_and_the_browser(running: Running, number: signal.Signals) -> None:
    there = running.until_asked("gpt-oss-120b-1k_8k-e2e.json")
    assert browsers(running.process.pid)
    running.process.send_signal(number)
    run = running.ended()
    assert run.status == 130
    assert run.summary["endpoints"] == {
        "planned": 6,
        "ok": 2,
        "not_attempted": 4,
        "empty": 0,
        "failed": 0,
        "invalid": 0,
    }
    none_left(there)


def test_a_run_that_is_killed_leaves_no_browser(running: Running) -> None:
    there = running.until_asked("gpt-oss-120b-1k_8k-e2e.json")
    running.process.kill()
    assert running.ended().status == -signal.SIGKILL
    none_left(there)


def test_a_healthy_run_leaves_no_browser(older: Content, start: Start, output: Path) -> None:
    crawl = Running(start(older), output, *GPT_OSS)
    there = crawl.until_asked("gpt-oss-120b-8k_1k-e2e.json")
    assert crawl.ended().status == 0
    none_left(there)


def test_a_browser_that_crashes_is_started_again_for_what_is_missing(running: Running) -> None:
    running.until_asked("gpt-oss-120b-1k_8k-e2e.json")
    (first,) = browsers(running.process.pid)
    os.kill(first, signal.SIGKILL)
    run = running.ended()
    assert run.status == 0, run.output
    assert [entry["state"] for entry in run.endpoints] == ["ok"] * 6
    assert [entry["attempts"] for entry in run.endpoints] == [1, 1, 2, 2, 2, 2]
    for entry in run.endpoints:
        name = entry["url"].rpartition("/")[2]
        assert run.raw(name)[1] == running.site.resource(f"/data/inference-performance/{name}", "").body


def test_a_browser_that_crashes_each_time_is_named(older: Content, start: Start, output: Path) -> None:
    crawl = Running(start(older, "stall@gpt-oss-120b-1k_8k-e2e.json"), output, *GPT_OSS, RETRY_TIMES=0)
    crawl.until_asked("gpt-oss-120b-1k_8k-e2e.json")
    (first,) = browsers(crawl.process.pid)
    os.kill(first, signal.SIGKILL)
    run = crawl.ended()
    assert run.status == 3, run.output
    assert "gpt-oss 120B 1k-8k e2e: failed: " in run.stdout
    assert "the browser, or its page, crashed or was closed" in run.stdout
    assert list((run.place / "evidence").iterdir())


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, output: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NOT_THERE)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{runs.REPO}"}
    listed = subprocess.run(
        runs.scrapy("list"), cwd=runs.REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "dashboard" in listed.stdout.split()
    tried = subprocess.run(
        command(output, None, "--nolog"), cwd=runs.REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 1
    assert tried.stderr == (
        "scrapy crawl: error: scrapy-playwright is not installed: pip install 'inferencemax-spider[browser]'\n"
    )
    assert folders(output) == set()


def test_without_a_browser_one_line_says_what_to_install(tmp_path: Path, output: Path) -> None:
    environment = {**os.environ, "PATH": "/nowhere", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    tried = subprocess.run(
        command(output, None, "--nolog"), cwd=runs.REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 1
    assert tried.stderr == (
        "scrapy crawl: error: no Chromium is installed: "
        "install the package chromium, or run playwright install chromium\n"
    )


def test_a_browser_that_takes_too_long_to_start_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browsing, "START_SECONDS", 0.001)
    with pytest.raises(OperationalError, match=r"^the browser did not start within 60 s; "):
        browsing.check()


def test_a_browser_that_does_not_start_is_named(older: Content, start: Start, tmp_path: Path, output: Path) -> None:
    broken = tmp_path / "bin" / "chromium"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    path = f"{broken.parent}:{os.environ['PATH']}"
    process = runs.begin(command(output, start(older), *GPT_OSS, RETRY_TIMES=0), {"PATH": path})
    run = runs.end(process, lambda: next(iter(folders(output)), None))
    assert run.status == 1
    assert "page: failed: load the page: " in run.stdout


def test_the_demo_command_shows_either_generation(output: Path) -> None:
    for options, endpoints in ((("--generation", "static"), 18), ((), 7)):
        process = runs.begin(runs.scrapy("demo", "dashboard", *options, "-s", f"OUTPUT_DIR={output}"))
        run = runs.end(process, (output / "dashboard" / "latest").resolve)
        assert run.status == 0, run.output
        assert run.summary["endpoints"]["ok"] == endpoints


def test_wrong_arguments_are_refused(crawl: Crawl) -> None:
    run = crawl(None, "-a", "select=telepathy")
    assert run.status == 2
    assert "spider argument select='telepathy'" in run.stderr
