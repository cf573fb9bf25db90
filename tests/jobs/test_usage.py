"""What ``schedule``, ``jobs``, ``cancel``, the daemon and ``deploy`` refuse, each in one line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import nodes
from inferencemax_spider.jobs.order import Order
from tests.crawl import runs
from tests.jobs.daemons import CREDENTIALS, Daemon, Whole, finished

NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("schedule",), "schedule: error: name one spider; given: none"),
        (("schedule", "nope"), "schedule: error: there is no spider 'nope'; valid: "),
        (("schedule", "inferencemax", "-a", "models=nope"), "schedule: error: spider argument models: unknown model "),
        (("schedule", "inferencemax", "-a", "model=x"), "schedule: error: unknown spider argument 'model'; valid: "),
        (("schedule", "inferencemax", "-s", "RETRY_TIMES=x"), "schedule: error: setting RETRY_TIMES='x': "),
        (("schedule", "inferencemax", "--slot", "a/b"), "schedule: error: slot 'a/b' is not of 1 to 64 letters, "),
        (("schedule", "inferencemax", "--at", "02:00"), "schedule: error: --at goes with --install"),
        (
            ("schedule", "inferencemax", "--install", "at"),
            "schedule: error: --install 'at' is unknown; valid: systemd, ",
        ),
        (("schedule", "inferencemax", "--install", "cron", "--slot", "a"), "schedule: error: --slot goes without "),
        (("schedule", "inferencemax", "--install", "cron", "--at", "24:00"), "schedule: error: '24:00' is no time "),
        (
            ("schedule", "inferencemax", "--install", "cron", "--tz", "Mars"),
            "schedule: error: 'Mars' is no time zone, ",
        ),
        (
            ("schedule", "inferencemax", "--install", "cron", "--tz", "../x"),
            "schedule: error: '../x' is no time zone, ",
        ),
        (("schedule", "inferencex", "--install", "cron", "-a", "models=a\nb"), "schedule: error: line breaks and "),
        (("schedule", "inferencex", "--fallback", "inferencemax"), "schedule: error: --fallback goes with --install"),
        (
            ("schedule", "inferencex", "--install", "cron", "--fallback-arg", "a=1"),
            "schedule: error: --fallback-arg goes with --fallback",
        ),
        (
            ("schedule", "inferencex", "--install", "cron", "--fallback", "nope"),
            "schedule: error: there is no spider 'nope'; valid: ",
        ),
        (
            ("schedule", "inferencex", "--install", "cron", "--fallback", "inferencemax", "--fallback-arg", "x=1"),
            "schedule: error: inferencemax: unknown spider argument 'x'; valid: ",
        ),
        (("fanout", "inferencemax"), "fanout: error: name one spider, and --shards N; given: inferencemax"),
        (("fanout", "--shards", "2"), "fanout: error: name one spider, and --shards N; given: none"),
        (("fanout", "nope", "--shards", "2"), "fanout: error: there is no spider 'nope'; valid: "),
        (("fanout", "inferencex", "--shards", "2", "-a", "shard=1/2"), "fanout: error: -a shard goes with scrapy "),
        (("fanout", "inferencex", "--shards", "2", "-a", "replay=x"), "fanout: error: -a replay goes with scrapy "),
        (("fanout", "inferencex", "--shards", "2", "-a", "mode=x"), "fanout: error: spider argument mode='x': "),
        (("fanout", "inferencex", "--shards", "2", "--slot", "a b"), "fanout: error: slot 'a b' is not of 1 to 64 "),
        (
            ("fanout", "inferencex", "--shards", "2", "--no-follow", "--combine"),
            "fanout: error: --combine goes with --follow: ",
        ),
        (("combine", "inferencex", "--slot", "a"), "combine: error: -a, --slot and --node name the jobs of a fanout; "),
        (("combine", "inferencex", "--shards", "2", "-a", "x=1"), "combine: error: unknown spider argument 'x'; "),
        (("jobs", "extra"), "jobs: error: takes only options, and of --format: table, json"),
        (("jobs", "--format", "xml"), "jobs: error: takes only options, and of --format: table, json"),
        (("cancel",), "cancel: error: name one job; given: none"),
        (("cancel", "x", "--node", "nope"), "cancel: error: 'nope' is neither the URL of a node, "),
        (("jobs", "--node", "http://127.0.0.1:99999"), "jobs: error: 'http://127.0.0.1:99999' is no URL of a node: "),
        (("jobs", "--node", "http://me:pw@127.0.0.1"), "jobs: error: the URL of a node must not carry a user or "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_told_in_one_line(args: tuple[str, ...], line: str) -> None:
    run = finished(runs.scrapy(*args), CREDENTIALS)
    assert run.status == 2, run.output
    started = re.compile(r".* \[scrapy.utils.log\] INFO: Scrapy \S+ started .*\n")  # of commands that crawl
    told = started.sub("", run.stderr)
    assert told.startswith(f"scrapy {line}")
    assert told.count("\n") == 1
    assert "pw@" not in run.output


def test_an_unknown_job_is_told(daemon: Daemon) -> None:
    run = daemon.command("cancel", "nope")
    assert run.status == 2
    assert run.stderr == f"scrapy cancel: error: there is no job 'nope' on {daemon.url}; see scrapy jobs\n"


@pytest.mark.parametrize("args", [("jobs",), ("cancel", "x"), ("schedule", "inferencemax")], ids=" ".join)
def test_a_node_that_is_not_there_is_named(args: tuple[str, ...]) -> None:
    run = finished(runs.scrapy(*args, "--node", NOWHERE), {})
    assert run.status == 1
    assert run.stderr.startswith(f"scrapy {args[0]}: error: {NOWHERE} cannot be reached: ")
    assert run.stderr.count("\n") == 1


def test_the_jobs_of_the_other_nodes_are_still_shown(daemon: Daemon, whole: Whole) -> None:
    run = daemon.command("jobs", "--node", NOWHERE)
    assert run.status == 1
    assert f"{NOWHERE} cannot be reached" in run.stderr
    assert whole.job in run.stdout


def test_nothing_is_posted_when_one_of_the_nodes_cannot_be_asked(daemon: Daemon) -> None:
    run = daemon.command("schedule", "inferencemax", "--node", NOWHERE, "--slot", "two")
    assert run.status == 1
    assert not any("-two-" in str(job) for jobs in daemon.node.jobs("inferencemax_spider").values() for job in jobs)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "does not answer as Scrapyd does: HTTP status 200"),
        (500, b"[]", "does not answer as Scrapyd does: HTTP status 500"),
        (200, b'{"status": "ok"}', "does not answer as Scrapyd does"),
        (200, b'{"status": "error", "message": "project not found"}', "says: project not found"),
        (200, b'{"status": "error"}', "says: None"),
        (401, b"", "refuses the user and password"),
        (302, b"", "does not answer as Scrapyd does: HTTP status 302"),
    ],
)
def test_what_is_no_scrapyd_is_told(status: int, body: bytes, message: str) -> None:
    with answering(status, body) as url:
        (node,) = nodes.configured([url], {})
        with pytest.raises(OperationalError, match=message):
            node.jobs("inferencemax_spider")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve *body* with this *status* at every path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://192.0.2.1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_nodes_are_those_given_then_of_the_environment_then_the_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scrapy.cfg").write_text(
        "[deploy]\nurl = http://a:1/\n[deploy:b]\nurl = https://b/x/\n[other]\nurl = c\n"
    )
    monkeypatch.chdir(tmp_path)

    def urls(given: list[str], environment: Mapping[str, str]) -> list[str]:
        return [node.url for node in nodes.configured(given, environment)]

    assert urls(["b", "http://c", "http://c/"], {nodes.NODES: "http://d"}) == ["https://b/x", "http://c"]
    assert urls([], {nodes.NODES: " http://d, b\n"}) == ["http://d", "https://b/x"]
    assert urls([], {}) == ["http://a:1", "https://b/x"]
    (tmp_path / "scrapy.cfg").write_text("[settings]\n")
    with pytest.raises(ArgumentError, match="no node is known"):
        urls([], {})


def test_credentials_are_not_shown() -> None:
    (node,) = nodes.configured(["http://a"], CREDENTIALS)
    assert node.authorization
    assert node.authorization not in repr(node)


def test_the_id_says_what_is_run_and_in_which_slot_and_nothing_else() -> None:
    one = Order("s", {"a": "1", "b": "2"}, {"X": "1"}, "2026-11-24")
    assert one.id == Order("s", {"b": "2", "a": "1"}, {"X": "1"}, "2026-11-24").id
    assert one.id.startswith("s-2026-11-24-")
    others = [
        Order("t", one.arguments, one.settings, one.slot),
        Order("s", {"a": "1"}, one.settings, one.slot),
        Order("s", {"a": "1", "b": "2", "X": "1"}, {}, one.slot),
        Order("s", one.arguments, {"X": "2"}, one.slot),
        Order("s", one.arguments, one.settings, "2026-11-25"),
    ]
    assert len({one.id, *(other.id for other in others)}) == 6


def test_an_order_goes_to_the_same_node_always_and_many_go_to_all() -> None:
    orders = [Order("s", {}, {}, str(number)) for number in range(60)]
    places = [order.place("abc") for order in orders]
    assert places == [order.place("abc") for order in orders]
    assert {places.count(node) >= 10 for node in "abc"} == {True}


DAEMON = [sys.executable, "-m", "inferencemax_spider.jobs.daemon"]
DEPLOY = [sys.executable, "-m", "inferencemax_spider.jobs.deploy"]


@pytest.mark.parametrize(
    ("command", "env", "status", "line"),
    [
        (DAEMON, {nodes.USER: "", nodes.PASSWORD: ""}, 1, "set INFERENCEMAX_SCRAPYD_USER (without a colon) and "),
        (DAEMON, {nodes.USER: "a:b", nodes.PASSWORD: "c"}, 1, "set INFERENCEMAX_SCRAPYD_USER (without a colon) and "),
        ([*DAEMON, "--folder", "/dev/null/x"], CREDENTIALS, 1, "cannot work in /dev/null/x: Not a directory"),
        ([*DEPLOY, "--node", "nope"], {}, 2, "deploy: error: 'nope' is neither the URL of a node, "),
        ([*DEPLOY, "--source", "docs"], {}, 1, "deploy: error: there is no pyproject.toml in "),
    ],
    ids=["no user", "colon", "folder", "node", "source"],
)
def test_the_daemon_and_deploy_tell_what_is_wrong(
    command: list[str], env: dict[str, str], status: int, line: str
) -> None:
    run = finished(command, env)
    assert run.status == status
    assert run.stderr.startswith(line)
    assert run.stderr.count("\n") == 1
