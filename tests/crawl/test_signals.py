"""Runs that are stopped, killed, or not alone: what was published stays, what was collected can be found."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inferencemax_spider import envelope
from inferencemax_spider.demo import Dataset, DemoSite, Fault, GeneratedContent
from tests.crawl import runs
from tests.crawl.conftest import Crawl, Healthy, Start
from tests.crawl.runs import BROKEN, SMALL, WHOLE, Run

GPT_OSS = ("-a", "models=gpt-oss")
STALLED = f"stall@{BROKEN}"


class Running:
    """A crawl under way, in a folder that holds a published version already."""

    def __init__(self, site: DemoSite, output: Path, **settings: object) -> None:
        self.site, self.output = site, output
        self._before = runs.folders(output)
        self._latest = runs.latest(output)
        self._files = runs.snapshot(self._latest)
        self.process: subprocess.Popen[str] = runs.begin(
            runs.crawl_command(site.base_url, output, GPT_OSS, {"DOWNLOAD_TIMEOUT": 1, **settings})
        )

    def folder(self) -> Path | None:
        """Return the folder of this run, once it is there."""
        return runs.added(self.output, self._before)

    def raw_files(self) -> list[Path]:
        """Return the raw files so far."""
        folder = self.folder()
        return sorted(folder.glob("raw/*.json")) if folder else []

    def ended(self) -> Run:
        """Wait for the end; return the run, after checking that what was there before it is untouched."""
        run = runs.end(self.process, self.folder)
        assert runs.latest(self.output) == self._latest
        assert runs.snapshot(self._latest) == self._files
        assert run.place.name.startswith(".")
        return run


Begin = Callable[..., Running]


@pytest.fixture
def begin(start: Start, healthy: Healthy, output: Path) -> Iterator[Begin]:
    """Return a function that begins a crawl of six endpoints, one of which has a fault that holds the crawl up.

    A version is published already.
    """
    shutil.copytree(healthy.output, output, symlinks=True)
    all_of_them: list[Running] = []

    def begun(spec: str = STALLED, **settings: object) -> Running:
        running = Running(start(spec), output, **settings)
        all_of_them.append(running)
        runs.until(lambda: len(running.raw_files()) == 5 and asked(running.site, BROKEN), "five of six raw files")
        return running

    yield begun
    for running in all_of_them:
        put_down(running.process)


def put_down(process: subprocess.Popen[str]) -> None:
    """Leave no *process* behind when a test has failed."""
    if process.poll() is None:
        process.kill()
        process.communicate()


def asked(site: DemoSite, name: str) -> bool:
    return any(request.path.endswith(name) for request in site.requests)


def five_whole_raw_files(running: Running) -> None:
    assert len(running.raw_files()) == 5
    for path in running.raw_files():
        body = running.site.resource(f"/data/inference-performance/{path.name}", "").body
        assert runs.unwrapped(path.read_bytes())[1] == body


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, marks=pytest.mark.fault("SIGTERM")),
        pytest.param(signal.SIGINT, marks=pytest.mark.fault("SIGINT (Ctrl-C)")),
    ],
)
def test_one_signal_ends_the_run_unpublished(number: signal.Signals, begin: Begin) -> None:
    running = begin()
    running.process.send_signal(number)
    run = running.ended()
    assert run.status == 130
    assert run.summary["status"] == "cancelled"
    assert run.summary["exit_status"] == 130
    assert f"not published, the previous version stays; what was collected is in {run.folder}" in run.stdout
    five_whole_raw_files(running)


@pytest.mark.fault("SIGTERM twice")
def test_a_second_signal_ends_the_run_at_once(begin: Begin) -> None:
    running = begin(DOWNLOAD_TIMEOUT=100)
    running.process.send_signal(signal.SIGTERM)
    runs.until(lambda: handles_again(running.process), "the first signal handled")
    running.process.send_signal(signal.SIGTERM)
    run = running.ended()
    assert run.status == 130
    assert f"stopped before the outputs were written; what was collected is in {run.folder}" in run.stderr
    five_whole_raw_files(running)


def handles_again(process: subprocess.Popen[str]) -> bool:
    """Tell whether no SIGTERM is pending for *process*."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    pending = [line.split()[1] for line in status.splitlines() if line.startswith(("SigPnd:", "ShdPnd:"))]
    return not any(int(mask, 16) >> (signal.SIGTERM - 1) & 1 for mask in pending)


@pytest.mark.fault("SIGTERM while a retry waits")
def test_a_signal_ends_a_long_wait_for_a_retry(begin: Begin) -> None:
    running = begin(f"retry_after=600@{BROKEN}", RETRY_WAIT_MAX=600)
    running.process.send_signal(signal.SIGTERM)
    run = running.ended()
    assert run.status == 130
    assert "not published, the previous version stays" in run.stdout
    assert run.endpoints[0]["attempts"] == 1


def test_a_cancelled_run_can_be_replayed(begin: Begin, crawl: Crawl) -> None:
    running = begin()
    running.process.send_signal(signal.SIGTERM)
    cancelled = running.ended()
    replayed = crawl(None, *GPT_OSS, "-a", f"replay={cancelled.folder}")
    assert replayed.status == 3
    assert replayed.summary["endpoints"]["ok"] == 5
    assert replayed.endpoints[0]["reason"] == cancelled.endpoints[0]["reason"]


@pytest.mark.fault("SIGKILL")
def test_the_run_after_a_killed_one_names_what_it_left_and_works(begin: Begin, start: Start, crawl: Crawl) -> None:
    running = begin()
    running.process.kill()
    killed = running.ended()
    five_whole_raw_files(running)
    following = crawl(start(), *SMALL)
    line = f"Runs that did not finish (-a replay=FOLDER takes up what one had collected): {killed.folder}"
    assert killed.status == -signal.SIGKILL
    assert following.status == 0
    assert line in following.stderr
    assert crawl(None, *SMALL, "-a", f"replay={killed.folder}").endpoints[1]["state"] == "ok"


def test_a_run_that_is_alive_is_not_taken_for_a_leftover(begin: Begin, start: Start, crawl: Crawl) -> None:
    begin()
    other = crawl(start(), *SMALL)
    assert other.status == 0
    assert "did not finish" not in other.stderr


@pytest.mark.fault("two runs at once")
def test_two_runs_at_once_never_mix(output: Path) -> None:
    contents = [GeneratedContent(Dataset(seed)) for seed in (1, 2)]
    sites = [DemoSite(content, [Fault.parse(f"latency=1@{BROKEN}")]) for content in contents]
    with sites[0], sites[1]:
        processes = [runs.begin(runs.crawl_command(site.base_url, output, SMALL, {})) for site in sites]
        try:
            ended = [runs.end(process, lambda: None) for process in processes]
        finally:
            for process in processes:
                put_down(process)
    assert [run.status for run in ended] == [0, 0]
    assert len(runs.folders(output)) == 2
    for site, run in zip(sites, ended, strict=True):
        version = Path(run.stdout.rpartition("COMPLETE: ")[2].strip())
        assert version in runs.folders(output)
        for name in (BROKEN, WHOLE):
            body = site.resource(f"/data/inference-performance/{name}", "").body
            assert envelope.read(version / "raw" / name)[1] == body
    assert runs.latest(output) == max(runs.folders(output))
    assert (runs.latest(output) / "summary.json").is_file()
