"""A crawl that does not end when it is asked to is ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from inferencemax_spider.collecting import child
from inferencemax_spider.collecting.child import Children
from tests.crawl import runs

DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


def test_a_crawl_that_ignores_a_signal_is_killed_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "PATIENCE", 0.2)
    ready = tmp_path / "ready"

    def stop() -> None:
        runs.until(ready.exists, "the process ignores signals")
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with Children() as children:
        thread = threading.Thread(target=stop)
        thread.start()
        status = children._ended([sys.executable, "-c", DEAF, str(ready)])
        thread.join()
    assert (status, children.stopped) == (-signal.SIGKILL, True)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_comes_before_the_crawl_is_passed_on() -> None:
    with Children() as children:
        os.kill(os.getpid(), signal.SIGTERM)
        runs.until(lambda: children.stopped, "the signal was handled")
        status = children._ended([sys.executable, "-c", "import time; time.sleep(600)"])
    assert status == -signal.SIGTERM


def test_signals_that_are_ignored_here_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Children():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
