"""Shards over several daemons whose output is an object store: nothing is shared but that."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from inferencemax_spider.demo import Content, DemoSite, Fault
from tests.crawl import runs
from tests.jobs import daemons
from tests.jobs.daemons import Daemon
from tests.jobs.fleets import OUTPUTS, Fleet, ended, remarks
from tests.storage.outputs import Output
from tests.storage.server import Server


def test_five_shards_survive_a_node_that_is_killed_and_a_store_that_fails_and_lags(  # noqa: PLR0917 - fixtures
    source: Path,
    home: Path,
    content: Content,
    unsharded: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server())
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        nodes = Daemon(tmp_path / "living"), Daemon(tmp_path / "mortal")
        for node in nodes:
            stack.enter_context(node.running())
            assert daemons.deployed(node, "--source", str(source)).status == 0
        site = stack.enter_context(DemoSite(content, [Fault.parse("latency=15,times=1@/api/v1/benchmarks*")]))
        output = Output(server, f"{server.bucket()}/runs", site.base_url, tmp_path)
        # Each node keeps its mirror in its own folder, where its jobs run.
        what = (
            "inferencex",
            "-a",
            f"base_url={site.base_url}",
            "-s",
            f"OUTPUT_DIR={output.url}",
            "-s",
            "MIRROR_DIR=mirror",
        )
        with server.fault("PUT", "benchmarks.parquet", times=2):
            lost_and_repaired(Fleet(nodes, home), output, what)
        objects = output.objects(output.latest("inferencex"), "inferencex")
        assert {name: objects[name] for name in OUTPUTS} == unsharded
        assert output.whole("inferencex") == [output.latest("inferencex")]


def lost_and_repaired(fleet: Fleet, output: Output, what: tuple[str, ...]) -> None:
    """Begin a fanout of five shards, kill a node in its middle, then repair and combine what is there."""
    killed = fleet.daemons[1]
    following = fleet.begin("fanout", *what, "--shards", "5", "--slot", "killed", "--patience", "2", "--combine")
    partial = "mirror/*/*/.*.partial/raw/availability.json"
    runs.until(lambda: any(killed.folder.glob(partial)), "a shard is in the middle")
    killed.kill()
    run = ended(following)
    assert run.status == 3, run.output
    assert all(f": {killed.url} cannot be reached: " in line for line in remarks(run))
    assert output.visible("inferencex") == []
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("To repair and combine: ")]
    with output.server.frozen_listings():
        repaired = ended(fleet.begin_line(line))
    assert repaired.status == 0, repaired.output
