"""Outputs that cannot be written: the run fails with one line, and what was there stays as it was."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import DemoSite
from tests.crawl import runs
from tests.crawl.conftest import Crawl, Start, crawling
from tests.crawl.runs import SMALL, Run

TMPFS_BYTES = 8_000_000
LEFT_BYTES = 150_000
LIMIT_BLOCKS = 100
"""Of 512 bytes each: more than a raw file of gpt-oss, less than the CSVs."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return an OUTPUT_DIR on a disk with room for one version."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk; the limit of the process is tested in its place")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def failed_to_write(run: Run, cause: str, previous: Run, before: dict[str, bytes], output: Path) -> None:
    """Check that the run failed for *cause*, in one line with the file's name, and that *previous* is untouched."""
    lines = [line for line in run.stdout.splitlines() if line.startswith("✗ cannot write ")]
    assert run.status == 1
    assert lines
    assert all(line.endswith(f": {cause}") for line in lines)
    assert all(line.removeprefix("✗ c").removesuffix(cause) in run.stderr for line in lines)
    assert runs.latest(output) == previous.folder
    assert runs.snapshot(previous.place) == before
    assert f"what was collected is in {run.folder}" in run.stdout
    assert run.place.name.startswith(".")


def whole_raw_files(run: Run, site: DemoSite) -> int:
    """Return how many raw files hold what the site served; the others are those that could not be written."""
    names = [path.name for path in (run.place / "raw").iterdir()]
    missing = {line.split("raw/")[1].split(":")[0] for line in run.stdout.splitlines() if "cannot write raw/" in line}
    whole = [name for name in names if name not in missing]
    for name in whole:
        assert run.raw(name)[1] == site.resource(f"/data/inference-performance/{name}", "").body
    return len(whole)


@pytest.mark.fault("the disk is full")
def test_a_full_disk_is_named_and_costs_nothing_that_was_there(small_disk: Path, start: Start) -> None:
    site, crawl = start(), crawling(small_disk)
    previous = crawl(site, *SMALL)
    before = runs.snapshot(previous.place)
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "filler").write_bytes(bytes(free - LEFT_BYTES))
    run = crawl(site, "-a", "models=gpt-oss")
    failed_to_write(run, "No space left on device", previous, before, small_disk)
    assert whole_raw_files(run, site) > 0


@pytest.mark.fault("the disk has no room for the report")
def test_a_report_that_finds_no_room_costs_nothing_else(small_disk: Path, start: Start) -> None:
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "filler").write_bytes(bytes(free - 3_000_000))
    run = crawling(small_disk)(start(), *SMALL)
    assert run.status == 3
    assert "✗ report.html could not be made: No space left on device" in run.stdout
    assert runs.latest(small_disk) == run.folder
    assert set(run.summary["files"]) == set(runs.snapshot(run.place)) - {"summary.json"}
    assert len(run.cells("inference_max_merged.csv")) == run.summary["merged"]["rows"]


@pytest.mark.fault("a file would pass the limit of the process (`ulimit -f`)")
def test_a_file_that_passes_the_limit_is_named(start: Start, crawl: Crawl, output: Path) -> None:
    site = start()
    previous = crawl(site, *SMALL)
    before, there = runs.snapshot(previous.place), runs.folders(output)
    command = runs.crawl_command(site.base_url, output, ("-a", "models=gpt-oss"), {})
    limited = ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(LIMIT_BLOCKS), *command]
    run = runs.end(runs.begin(limited), lambda: runs.added(output, there))
    failed_to_write(run, "File too large", previous, before, output)
    assert whole_raw_files(run, site) > 0


@pytest.mark.fault("the output folder cannot be written")
def test_an_output_folder_that_cannot_be_written_is_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    site = start()
    run = crawling(tmp_path / "file" / "output")(site, *SMALL)
    assert run.status == 1
    assert f"cannot write into {tmp_path}/file/output/inferencemax: Not a directory; make the folder" in run.stderr
    assert site.requests == []


@pytest.mark.fault("a feed cannot be written")
def test_a_feed_that_cannot_be_written_is_named(start: Start, crawl: Crawl, output: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    previous = crawl(start(), *SMALL)
    before = runs.snapshot(previous.place)
    run = crawl(start(), *SMALL, "-O", f"{tmp_path}/file/out.csv")
    failed_to_write(run, "Not a directory", previous, before, output)
    assert f"cannot write {tmp_path}/file/out.csv" in run.stdout


@pytest.mark.fault("a slug would lead out of the folder")
@pytest.mark.parametrize("slug", ["../../escaped", "/etc/escaped", "..", "%2e%2e%2fescaped"])
def test_a_slug_that_would_leave_the_folder_is_refused(slug: str, start: Start, crawl: Crawl, tmp_path: Path) -> None:
    site = start()
    run = crawl(site, CATALOG_MODELS=json.dumps({"Escaped": {"slug": slug}}))
    assert run.status == 2
    assert f"setting CATALOG_MODELS: slug={slug!r}" in run.stderr
    assert site.requests == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
