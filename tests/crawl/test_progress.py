"""Progress: a bar on a terminal, one line per endpoint elsewhere; and the demo command."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.crawl import runs
from tests.crawl.conftest import Crawl, Healthy, Start
from tests.crawl.runs import BROKEN, REPO, SMALL, scrapy

BAR = "━"
READERLESS = 20
"""Seconds after which a crawl whose output nobody reads is taken for hung."""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_without_a_terminal_each_endpoint_has_its_line_and_there_is_no_bar(healthy: Healthy) -> None:
    assert BAR not in healthy.run.stderr
    assert "\x1b" not in healthy.run.output
    assert re.findall(r" INFO: (\d+)/18 ", healthy.run.stderr) == [str(place) for place in range(1, 19)]


def test_on_a_terminal_there_are_a_bar_and_the_table(start: Start, output: Path) -> None:
    site = start(f"latency=0.5@{BROKEN}", "status=404@*-interactivity.json")
    printed, status = on_terminal(runs.crawl_command(site.base_url, output, SMALL, {}))
    assert status == 3
    assert re.search(rf"{BAR}+ [01]/2 ", printed)
    assert "Records by endpoint" in printed
    assert "INCOMPLETE" in printed
    assert "gpt-oss 120B 1k-1k interactivity: failed: HTTP 404" in printed
    assert " INFO: 1/2 " not in printed


def on_terminal(command: list[str]) -> tuple[str, int]:
    """Run *command* on a terminal of its own; return what it shows, without colours, and its exit status."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"}
    process = subprocess.Popen(command, cwd=REPO, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return CONTROL.sub("", shown.decode()), process.wait(timeout=runs.TIMEOUT)


def read(terminal: int) -> bytes:
    """Return what is next on *terminal*, nothing when the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def demo(output: Path, *args: str) -> runs.Run:
    """Run ``scrapy demo``."""
    process = runs.begin(scrapy("demo", "-s", f"OUTPUT_DIR={output}", *args))
    return runs.end(process, lambda: runs.added(output, set()))


def test_the_demo_command_crawls_its_own_site_and_says_where_the_files_are(output: Path) -> None:
    run = demo(output)
    assert run.status == 0
    assert run.summary["endpoints"]["ok"] == 18
    assert f"COMPLETE: {run.folder}" in run.stdout


def test_the_demo_command_crawls_the_live_api_too(output: Path) -> None:
    process = runs.begin(scrapy("demo", "inferencex", "-s", f"OUTPUT_DIR={output}"))
    run = runs.end(process, lambda: None)
    assert run.status == 0
    assert f"COMPLETE: {output}/inferencex/" in run.stdout


def test_the_demo_command_shows_a_fault(output: Path) -> None:
    run = demo(output, *SMALL, "--fault", f"html@{BROKEN}")
    assert run.status == 3
    assert "gpt-oss 120B 1k-1k e2e: invalid: HTML where JSON was expected" in run.output


def test_the_demo_command_serves_a_folder(tmp_path: Path, output: Path, healthy: Healthy) -> None:
    folder = tmp_path / "site" / "data" / "inference-performance"
    folder.mkdir(parents=True)
    for path in (healthy.run.place / "raw").iterdir():
        (folder / path.name).write_bytes(runs.unwrapped(path.read_bytes())[1])
    run = demo(output, "--site", str(tmp_path / "site"))
    assert run.status == 0
    assert run.read("benchmarks.parquet") == healthy.run.read("benchmarks.parquet")


def test_a_quieter_log_leaves_the_table(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), *SMALL, LOG_LEVEL="ERROR")
    assert run.status == 0
    assert run.stderr == ""
    assert "COMPLETE" in run.stdout


@pytest.mark.fault("nobody reads the output any more (`scrapy crawl … | head`)")
def test_a_reader_that_leaves_changes_nothing_about_the_run(start: Start, output: Path) -> None:
    process = runs.begin(runs.crawl_command(start().base_url, output, SMALL, {}))
    assert process.stdout
    process.stdout.close()
    try:
        assert process.wait(timeout=READERLESS) == 0
        assert (runs.latest(output) / "summary.json").is_file()
    finally:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


@pytest.mark.fault("standard output cannot be written (`> /dev/full`)")
def test_a_terminal_output_that_cannot_be_written_changes_nothing_about_the_run(start: Start, output: Path) -> None:
    command = runs.crawl_command(start().base_url, output, SMALL, {})
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command, cwd=REPO, stdout=full, stderr=subprocess.PIPE, text=True, timeout=READERLESS, check=False
        )
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert (runs.latest(output) / "summary.json").is_file()
