"""``scrapy report``: the user's command on stored versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider import browser
from inferencemax_spider.report import page
from inferencemax_spider.versions import store
from inferencemax_spider.versions.integrity import verify
from inferencemax_spider.versions.stored import StoredVersion
from tests.crawl import runs

NEEDS_BROWSER = pytest.mark.skipif(browser.executable() is None, reason="no Chromium is on this machine")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an OUTPUT_DIR with a version of one model."""
    output = tmp_path_factory.mktemp("kept") / "output"
    options = ("-s", f"OUTPUT_DIR={output}", "-a", "models=gpt-oss-120b", "--nolog")
    subprocess.run(runs.scrapy("demo", "inferencex", *options), cwd=runs.REPO, check=True, capture_output=True)
    return output


@pytest.fixture
def output(kept: Path, tmp_path: Path) -> Path:
    """Return an OUTPUT_DIR of the test's own."""
    return Path(shutil.copytree(kept, tmp_path / "output", symlinks=True))


def report(output: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the versions in *output*."""
    command = runs.scrapy("report", *args, "-s", f"OUTPUT_DIR={output}")
    environment = {**os.environ, **env}
    found = subprocess.run(
        command, cwd=runs.REPO, env=environment, capture_output=True, text=True, check=False, timeout=runs.TIMEOUT
    )
    assert "Traceback" not in found.stderr
    return found


def version_in(output: Path) -> Path:
    """Return the folder of the version."""
    return (output / "inferencex" / "latest").resolve()


def summary_of(version: Path) -> dict[str, Any]:
    """Return the summary of *version*."""
    found: dict[str, Any] = json.loads((version / "summary.json").read_text(encoding="utf-8"))
    return found


def only_line(text: str) -> str:
    """Return the one line that *text* is."""
    (line,) = text.splitlines()
    return line


def test_the_report_of_the_latest_version_is_written_and_noted(output: Path) -> None:
    before = summary_of(version_in(output))
    found = report(output)
    path = version_in(output) / page.FILE_NAME
    assert (found.returncode, found.stderr, found.stdout) == (0, "", f"{path}\n")
    after = summary_of(version_in(output))
    written = path.read_bytes()
    assert after["files"].pop(page.FILE_NAME) == {"bytes": len(written), "sha256": sha256(written).hexdigest()}
    before["files"].pop(page.FILE_NAME, None)
    assert after == before
    assert verify(StoredVersion(version_in(output))) == []


def test_it_is_written_again_the_same(output: Path) -> None:
    report(output)
    first = runs.snapshot(version_in(output))
    assert report(output, "inferencex/latest").returncode == 0
    assert runs.snapshot(version_in(output)) == first


def test_a_version_is_named_in_the_usual_ways(output: Path) -> None:
    version = version_in(output)
    for name in (version.name, f"inferencex/{version.name}", str(version)):
        assert report(output, name).stdout == f"{version / page.FILE_NAME}\n"


def test_open_opens_it(output: Path, tmp_path: Path) -> None:
    viewer = tmp_path / "viewer"
    viewer.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    viewer.chmod(0o755)
    assert report(output, "--open", BROWSER=f"{viewer} %s").returncode == 0
    assert (tmp_path / "opened").read_text().strip() == (version_in(output) / page.FILE_NAME).as_uri()


def test_that_nothing_could_be_opened_is_told(output: Path) -> None:
    found = report(output, "--open", BROWSER="/bin/false %s", PATH="/nowhere", DISPLAY="", WAYLAND_DISPLAY="")
    assert found.returncode == 1
    assert only_line(found.stderr).startswith("scrapy report: error: no browser could be started; open ")


@NEEDS_BROWSER
def test_pictures_of_a_model_and_sequence(output: Path, tmp_path: Path) -> None:
    folder = tmp_path / "slides" / "new"
    found = report(output, "latest", "--png", str(folder), "--model", "GPT-OSS-120b", "--sequence", "1k-8k")
    assert (found.returncode, found.stderr) == (0, "")
    prefix = f"inferencex-{version_in(output).name}-gpt-oss-120b-1k-8k"
    names = [f"{prefix}-{chart}.png" for chart in ("interactivity", "latency", "cost")]
    assert [Path(line).name for line in found.stdout.splitlines()[1:]] == names
    for name in names:
        picture = (folder / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert [int.from_bytes(picture[place : place + 4], "big") for place in (16, 20)] == [2560, 1440]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("nope",), "no version is called 'nope'; the newest are: inferencex/"),
        (("latest", "more"), "name one version, or none for the latest; given: latest more"),
        (("--model", "x"), "--model and --sequence say what --png draws"),
        pytest.param(
            ("--png", "--model", "x"), "the report has no model 'x'; valid: gpt-oss-120b", marks=NEEDS_BROWSER
        ),
        pytest.param(
            ("--png", "--sequence", "x"), "the report has no sequence 'x'; valid: 1k-1k,", marks=NEEDS_BROWSER
        ),
    ],
)
def test_wrong_usage_is_told_in_one_line(args: tuple[str, ...], line: str, output: Path) -> None:
    found = report(output, *args)
    assert found.returncode == 2
    assert only_line(found.stderr).startswith(f"scrapy report: error: {line}")


def test_a_version_that_is_being_worked_on_is_left_alone(output: Path) -> None:
    before = runs.snapshot(version_in(output))
    with store.locked(version_in(output)):
        found = report(output)
    assert found.returncode == 1
    assert "another command is at work on" in only_line(found.stderr)
    assert runs.snapshot(version_in(output)) == before


def test_records_that_cannot_be_read_are_told(output: Path) -> None:
    (version_in(output) / "benchmarks.parquet").write_bytes(b"nothing")
    found = report(output)
    assert found.returncode == 1
    assert "scrapy report: error: cannot read " in only_line(found.stderr)


@NEEDS_BROWSER
def test_pictures_without_charts_are_told(output: Path) -> None:
    (version_in(output) / "benchmarks.parquet").unlink()
    found = report(output, "--png")
    assert found.returncode == 1
    assert "has no charts" in only_line(found.stderr)


def test_pictures_without_a_browser_are_told(output: Path, tmp_path: Path) -> None:
    found = report(output, "--png", PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert found.returncode == 1
    assert "no Chromium is installed" in only_line(found.stderr)
