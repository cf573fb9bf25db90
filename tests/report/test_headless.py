"""Which browser is taken, and what is told when there is none."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inferencemax_spider import browser
from inferencemax_spider.errors import OperationalError
from tests.crawl import runs


def program(folder: Path, name: str) -> Path:
    """Write a program called *name* that fails."""
    path = folder / name
    path.write_text("#!/bin/sh\necho broken >&2\nexit 3\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_names_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.executable() is None
    chrome = program(tmp_path, "google-chrome-stable")
    assert browser.executable() == str(chrome)
    chromium = program(tmp_path, "chromium")
    assert browser.executable() == str(chromium)


def test_the_sandbox_is_given_up_by_root_only() -> None:
    assert ("--no-sandbox" in browser.flags()) == (os.geteuid() == 0)


def test_a_browser_that_does_not_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path, "chromium")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(OperationalError, match=rf"{broken} does not start"), browser.chromium():
        pass


def test_that_there_is_none_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(OperationalError, match="playwright install chromium"), browser.chromium():
        pass


def test_that_playwright_is_missing_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "playwright.py").write_text("raise ImportError", encoding="utf-8")
    code = "from inferencemax_spider import browser\nwith browser.chromium(): pass"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = subprocess.run(command, cwd=runs.REPO, env=environment, capture_output=True, text=True, check=False)
    assert "pip install 'inferencemax-spider[browser]'" in found.stderr
