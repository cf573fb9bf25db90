"""``scrapy notify``: the message of a stored version, sent again or only shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferencemax_spider.notify.channels import VARIABLE
from tests.commands.stored import command, demo
from tests.crawl import runs
from tests.notify.receivers import web_server


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with one version."""
    output = tmp_path_factory.mktemp("notify") / "output"
    demo(output, "inferencemax", *runs.SMALL)
    return output


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_the_message_of_the_latest_version_is_sent(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as web:
        monkeypatch.setenv(VARIABLE, web.url)
        run = command(output, "notify")
    assert (run.status, run.stdout) == (0, "channel 1 (json): delivered\n")
    assert [post["title"] for post in web.posts] == ["inferencemax-spider: inferencemax COMPLETE"]


def test_a_version_of_which_there_is_nothing_to_say_is_told(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text('{"spider": "inferencex", "version": "1", "status": "complete"}')
    run = command(tmp_path, "notify", "--dry-run", str(tmp_path))
    assert (run.status, run.stdout) == (1, "")
    lacking = "checks, endpoints, output_errors, records, rejected"
    assert f"scrapy notify: error: {tmp_path}/summary.json does not hold {lacking}; " in run.stderr


def test_a_test_message_needs_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as web:
        monkeypatch.setenv(VARIABLE, web.url)
        run = command(tmp_path, "notify", "--test")
    assert run.status == 0
    assert [post["title"] for post in web.posts] == ["inferencemax-spider: a test"]


def test_a_dry_run_shows_the_message_and_sends_nothing(output: Path, tmp_path: Path) -> None:
    with web_server() as web:
        (tmp_path / "urls").write_text(web.url)
        run = command(output, "notify", "inferencemax/latest", "--dry-run", "-s", f"NOTIFY_FILE={tmp_path / 'urls'}")
    lines = run.stdout.splitlines()
    assert (run.status, web.posts) == (0, [])
    assert (lines[0], lines[-1]) == ("inferencemax-spider: inferencemax COMPLETE", "channel 1 (json)")
    assert web.url not in run.output


def test_a_channel_that_fails_is_named(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(500) as web:
        monkeypatch.setenv(VARIABLE, web.url)
        run = command(output, "notify")
    assert run.status == 1
    assert run.stdout.startswith("channel 1 (json): it did not take the message")


def test_without_a_channel_it_says_how_to_name_one(output: Path) -> None:
    run = command(output, "notify")
    assert run.status == 2
    assert run.stderr.startswith(f"scrapy notify: error: no channel is configured: set {VARIABLE} or NOTIFY_FILE")


def test_an_unknown_version_is_refused(output: Path) -> None:
    run = command(output, "notify", "20010101T000000Z")
    assert run.status == 2
    assert "no version is called '20010101T000000Z'" in run.stderr
