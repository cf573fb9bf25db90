"""The site as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inferencemax_spider.demo import Dataset
from inferencemax_spider.demo.cli import add_arguments, site_from

from .client import get

COMMAND = (sys.executable, "-m", "inferencemax_spider.demo")
REPOSITORY = Path(__file__).parents[2]
PATH = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the site, yield its URL and process, and stop it if that has not happened."""
    pipe = subprocess.PIPE
    # Buffered as usual, so that a first line which is not flushed never comes.
    env = {**os.environ, "PYTHONUNBUFFERED": ""}
    command = (*COMMAND, *arguments)
    with subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip(), process
        finally:
            process.terminate()


def failure(*arguments: str) -> str:
    """Return what the site says on standard error when it cannot start."""
    done = subprocess.run((*COMMAND, *arguments), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_line_is_the_url_and_a_signal_ends_it_well(number: signal.Signals) -> None:
    with running("--seed", "7", "--latency", "0.01", "--fault", "stall@*-interactivity.json") as (url, process):
        dataset = Dataset(seed=7)
        assert get(f"{url}{PATH}").body == dataset.body(*dataset.paths()[PATH])
        process.send_signal(number)
        out, err = process.communicate()
        assert (process.returncode, out, err) == (0, "", "")


def test_faults_may_be_repeated() -> None:
    faults = ("--fault", "status=503,times=1@*e2e.json", "--fault", "empty")
    with running(*faults) as (url, _):
        assert [get(f"{url}{PATH}").body for _ in range(2)] == [b"[]", b"[]"]
        assert get(f"{url}{PATH.replace('1k_1k', '1k_8k')}").status == 503


def test_a_folder_can_be_served(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    with running("--site", str(tmp_path)) as (url, _):
        assert get(f"{url}/a.json").body == b"[]"


def test_the_latency_is_that_of_the_site() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with site_from(parser.parse_args(["--latency", "0.25"])) as site:
        assert site.latency == 0.25


def test_a_wrong_fault_names_the_kinds() -> None:
    assert "unknown fault 'stal'; valid: status" in failure("--fault", "stal")


@pytest.mark.parametrize("arguments", [("--site", "nowhere"), ("--port", "99999")])
def test_a_site_that_cannot_start_says_so(arguments: tuple[str, ...]) -> None:
    assert failure(*arguments).startswith("cannot start the demo site: ")


@pytest.mark.parametrize("latency", ["-1", "nan", "soon"])
def test_a_latency_must_be_a_time(latency: str) -> None:
    assert "argument --latency" in failure(f"--latency={latency}")
