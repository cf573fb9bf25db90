"""Wrong usage is refused before anything happens, as the table in docs/faults.md says."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crawl import runs
from tests.crawl.conftest import selected
from tests.crawl.page import code, tables
from tests.crawl.runs import Run, scrapy

MESSAGES = {code(row["Command"])[0]: code(row["Message"])[0] for row in tables("Wrong usage")}


@pytest.fixture(scope="module")
def refused(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Run]]:
    """Return the runs of the commands that were selected; as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {
            command: pool.submit(run, command, tmp_path_factory.mktemp("usage"))
            for command in selected(request, "command")
        }


def run(command: str, output: Path) -> Run:
    """Run a *command* of the table, which would write into *output*."""
    program, *args = shlex.split(command)
    assert program == "scrapy"
    process = runs.begin(scrapy(*args, "-s", f"OUTPUT_DIR={output}"))
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    return Run(process.returncode, stdout, stderr, next(output.iterdir(), None))


@pytest.mark.parametrize("command", MESSAGES)
def test_it_is_told_in_one_line_and_nothing_is_written(command: str, refused: dict[str, Future[Run]]) -> None:
    ended = refused[command].result()
    assert ended.status == 2
    assert len([line for line in ended.stderr.splitlines() if MESSAGES[command] in line]) == 1, ended.stderr
    assert "Traceback" not in ended.output
    assert ended.folder is None
