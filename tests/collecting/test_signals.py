"""A signal to ``scrapy collect`` reaches the crawl that is under way, and nothing begins after it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import DemoSite
from tests.collecting.collected import STATIC, Collected, Start, asked, line
from tests.crawl import runs
from tests.crawl.runs import Run


class Running:
    """A collection whose primary waits for an answer that does not come."""

    def __init__(self, output: Path, site: DemoSite, **names: str) -> None:
        self.output, self.site = output, site
        self.process = runs.begin(line(output, site.base_url, "-s", "DOWNLOAD_TIMEOUT=100", **names))

    @property
    def child(self) -> int:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(text.split()[0]) if text.strip() else 0

    def ended(self) -> Collected:
        stdout, stderr = self.process.communicate(timeout=runs.TIMEOUT)
        return Collected(Run(self.process.returncode, stdout, stderr, None), self.output)


@pytest.fixture
def running(start: Start, output: Path) -> Iterator[Running]:
    found = Running(output, start(f"stall@*{runs.BROKEN}"))
    try:
        runs.until(lambda: asked(found.site, f"/data/inference-performance/{runs.BROKEN}"), "the primary has asked")
        runs.until(lambda: len(list(output.glob(f"{STATIC}/.*.partial/raw/*.json"))) == 1, "one of two raw files")
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
            found.process.communicate()


def test_a_signal_stops_the_primary_and_no_fallback_begins(running: Running) -> None:
    child = running.child
    running.process.send_signal(signal.SIGTERM)
    runs.until(lambda: not passed_on(child), "the signal was handled")
    # The request that is under way never ends; the second signal does not wait for it.
    running.process.send_signal(signal.SIGTERM)
    done = running.ended()
    assert done.status == 130
    assert (
        done.last
        == f"scrapy collect: error: nothing is usable: {STATIC} was cancelled{reason(done)}; nothing new is published"
    )
    assert not asked(running.site, "/api/")
    assert not (running.output / "collect").exists()
    assert not Path(f"/proc/{child}").exists()


def reason(done: Collected) -> str:
    return done.last.partition("was cancelled")[2].removesuffix("; nothing new is published")


def passed_on(child: int) -> bool:
    """Tell whether a SIGTERM is still pending for *child*, or was not sent to it yet."""
    status = Path(f"/proc/{child}/status").read_text()
    masks = [text.split()[1] for text in status.splitlines() if text.startswith(("SigPnd:", "ShdPnd:"))]
    return any(int(mask, 16) >> (signal.SIGTERM - 1) & 1 for mask in masks)


def test_one_signal_lets_the_crawl_end_in_its_own_way(start: Start, output: Path) -> None:
    found = Running(output, start(f"latency=3@*{runs.BROKEN}"))
    runs.until(lambda: asked(found.site, f"/data/inference-performance/{runs.BROKEN}"), "the primary has asked")
    found.process.send_signal(signal.SIGINT)
    done = found.ended()
    assert done.status == 130
    (partial,) = output.glob(f"{STATIC}/.*.partial")
    assert json.loads((partial / "summary.json").read_text())["status"] == "cancelled"
    assert not (output / "collect").exists()


def test_a_crawl_is_not_in_the_process_group_that_ctrl_c_reaches(running: Running) -> None:
    child = running.child
    assert os.getpgid(child) == child != os.getpgid(running.process.pid)
