"""Shards over several daemons, which are followed, lost, repaired and combined: over HTTP, as a user does it."""

from __future__ import annotations

import shutil
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.demo import Content, DemoSite, Fault
from inferencemax_spider.jobs import fanout, following
from inferencemax_spider.jobs.fanout import Fanout, Task
from inferencemax_spider.jobs.nodes import Node
from inferencemax_spider.jobs.order import Order
from inferencemax_spider.jobs.overview import Row
from inferencemax_spider.shards import Shard
from tests.crawl import runs
from tests.jobs import daemons
from tests.jobs.daemons import PROJECT, Daemon
from tests.jobs.fleets import Fleet, ended, outputs, remarks, said


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Iterator[Daemon]:
    started = Daemon(tmp_path_factory.mktemp("other") / "node")
    with started.running():
        assert daemons.deployed(started, "--source", str(source)).status == 0
        yield started


@pytest.fixture
def fleet(daemon: Daemon, other: Daemon, home: Path) -> Fleet:
    return Fleet((daemon, other), home)


def test_of_five_shards_those_of_a_node_that_is_killed_are_named_repaired_and_combined(
    daemon: Daemon, source: Path, home: Path, content: Content, unsharded: dict[str, bytes]
) -> None:
    mortal = Daemon(home.with_name("mortal"))
    # Each answer takes long when it is asked for first, so that there is a middle.
    with mortal.running(), DemoSite(content, [Fault.parse("latency=15,times=1@/api/v1/benchmarks*")]) as site:
        assert daemons.deployed(mortal, "--source", str(source)).status == 0
        fleet = Fleet((daemon, mortal), home)
        lost_and_repaired(fleet, site.base_url, unsharded)
        before = daemon.node.jobs(PROJECT)
        run = fleet.command("fanout", "inferencemax", "--shards", "2", "--slot", "unreached")
        assert run.status == 1
        (told,) = said(run, "fanout")
        assert told.startswith(f"{mortal.url} cannot be reached: ")
        assert daemon.node.jobs(PROJECT) == before


def lost_and_repaired(fleet: Fleet, site: str, unsharded: dict[str, bytes]) -> None:
    living, killed = fleet.daemons
    what = ("inferencex", "-a", f"base_url={site}", "--shards", "5", "--slot", "killed")
    following_it = fleet.begin("fanout", *what, "--patience", "2", "--combine")
    # It has asked what there is, and waits for some of that.
    runs.until(lambda: any(killed.output.glob("*/.*.partial/raw/availability.json")), "a shard is in the middle")
    killed.kill()
    run = ended(following_it)
    assert run.status == 3, run.output
    assert 1 <= len(remarks(run)) <= 3
    assert all(f": {killed.url} cannot be reached: " in line for line in remarks(run))
    assert not (fleet.home / "output").exists()
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("To repair and combine: ")]
    repaired = ended(fleet.begin_line(line))
    assert repaired.status == 0, repaired.output
    assert [text.partition(" cannot")[0] for text in said(repaired, "combine")] == [killed.url]
    assert outputs(fleet.latest("inferencex")) == unsharded
    jobs = [str(job["id"]) for job in living.node.jobs(PROJECT)["finished"]]
    assert len([job for job in jobs if "-killed-" in job]) == 5


def test_nodes_that_share_a_folder_are_combined_at_once_and_the_slot_is_not_doubled(
    fleet: Fleet, site: str, tmp_path: Path
) -> None:
    # Two endpoints for five shards: some have nothing to do.
    shared = ("-s", f"OUTPUT_DIR={tmp_path / 'shared'}")
    what = ("inferencemax", "-a", f"base_url={site}", *runs.SMALL, *shared, "--shards", "5", "--slot", "shared")
    before = fleet.jobs()
    run = fleet.command("fanout", *what, "--combine")
    assert run.status == 0, run.output
    assert remarks(run) == []
    assert sorted((fleet.jobs() - before).values()) == [2, 3]
    one = daemons.finished(
        runs.scrapy("crawl", "inferencemax", "-a", f"base_url={site}", *runs.SMALL, "-s", f"OUTPUT_DIR={tmp_path}"), {}
    )
    assert one.status == 0, one.output
    version = (tmp_path / "shared" / "inferencemax" / "latest").resolve()
    assert outputs(version) == outputs((tmp_path / "inferencemax" / "latest").resolve())
    after = fleet.jobs()
    again = fleet.command("fanout", *what)
    assert again.status == 3
    (told,) = said(again, "fanout")
    assert " is there already, finished, on " in told
    assert fleet.jobs() == after


def test_an_endpoint_that_a_shard_lacks_is_collected_once_more(
    fleet: Fleet, content: Content, unsharded: dict[str, bytes]
) -> None:
    with DemoSite(content, [Fault.parse("status=404,times=1@*model=GLM-5*")]) as site:
        what = ("inferencex", "-a", f"base_url={site.base_url}", "--shards", "2", "--slot", "lacking")
        first = fleet.command("fanout", *what)
        assert first.status == 3
        assert [line for line in remarks(first) if "GLM-5" in line]
        before = fleet.jobs()
        run = fleet.command("combine", *what, "--repair")
        assert run.status == 0, run.output
        assert (fleet.jobs() - before).total() == 1
        assert outputs(fleet.latest("inferencex")) == unsharded
        again = fleet.command("combine", *what, "--repair")
        assert again.status == 0, again.output
        assert (fleet.jobs() - before).total() == 1


def test_a_part_that_nobody_collected_is_collected_by_a_node(
    fleet: Fleet, site: str, unsharded: dict[str, bytes]
) -> None:
    # Nothing but the versions says what is asked for, and in how many parts; where the site is they do not.
    crawled = fleet.begin_here("crawl", "inferencex", "-a", f"base_url={site}", "-a", "shard=2/3")
    assert ended(crawled).status == 0
    before = fleet.jobs()
    run = fleet.command("combine", "inferencex", "--repair", "-a", f"base_url={site}")
    assert run.status == 0, run.output
    assert (fleet.jobs() - before).total() == 2
    assert outputs(fleet.latest("inferencex")) == unsharded


def test_who_stops_following_can_go_on_later(fleet: Fleet, slow_site: str, unsharded: dict[str, bytes]) -> None:
    what = ("inferencex", "-a", f"base_url={slow_site}", "--shards", "2", "--slot", "later")
    process = fleet.begin("fanout", *what)
    runs.until(lambda: any("-later-" in str(job) for job in running(fleet)), "a shard runs")
    process.send_signal(signal.SIGINT)
    run = ended(process)
    assert run.status == 130, run.output
    (told,) = said(run, "fanout")
    assert told.startswith("not followed any more; the jobs go on. When they have ended: scrapy combine inferencex ")
    before = fleet.jobs()
    combined = fleet.command("combine", *what, "--repair")
    assert combined.status == 0, combined.output
    assert fleet.jobs() == before
    assert outputs(fleet.latest("inferencex")) == unsharded


def running(fleet: Fleet) -> list[dict[str, Any]]:
    return [job for daemon in fleet.daemons for job in daemon.node.jobs(PROJECT)["running"]]


def test_a_version_that_is_out_of_reach_is_not_replaced_by_another_of_its_name(fleet: Fleet, site: str) -> None:
    what = ("inferencemax", "-a", f"base_url={site}", *runs.SMALL, "--shards", "2", "--slot", "reach")
    posted = fleet.command("fanout", *what, "--no-follow")
    jobs = dict(line.split(" is scheduled on ") for line in posted.stdout.splitlines())
    assert (posted.status, len(jobs)) == (0, 2)
    rows = [fleet_row(fleet, url, job) for job, url in jobs.items()]
    mine, other = (Path(row["folder"]) for row in rows)
    mine.rename(mine.with_name(f"{mine.name}-9"))
    run = fleet.command("combine", *what)
    assert run.status == 1
    (told,) = said(run, "combine")
    assert told.startswith(f"out of reach from here: {mine} of {rows[0]['node']}; have all nodes write into a shared ")
    shutil.copytree(other, mine)
    assert said(fleet.command("combine", *what), "combine") == [told]
    named = fleet.command("combine", *what, str(mine.with_name(f"{mine.name}-9")))
    assert named.status == 0, named.output


def fleet_row(fleet: Fleet, url: str, job: str) -> dict[str, Any]:
    (daemon,) = (daemon for daemon in fleet.daemons if daemon.url == url)
    return daemon.ended(job)


def test_a_node_that_says_nothing_is_not_waited_for() -> None:
    # It takes connections, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = Node(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.1)
        task = Task(Shard(1, 2), order(), node)
        following.follow([task], PROJECT, patience=0.3, longest=3600)
    assert task.result == "lost"
    assert task.lost.startswith(f"{node.url} cannot be reached: ")


def test_jobs_that_do_not_end_are_not_followed_for_ever(daemon: Daemon, slow_site: str) -> None:
    endless = Order("inferencemax", {"base_url": slow_site, "shard": "1/1"}, {"DOWNLOAD_DELAY": "5"}, "endless")
    task = Task(Shard(1, 1), endless, daemon.node)
    assert list(fanout.post([task], PROJECT)) == [task]
    following.follow([task], PROJECT, patience=60, longest=1.8)
    daemon.node.cancel(PROJECT, endless.id)
    assert task.lost == "it had not ended after 0.0005 hours, and may go on"


def test_a_job_that_its_node_does_not_know_is_lost(daemon: Daemon) -> None:
    task = Task(Shard(1, 2), order(), daemon.node)
    following.follow([task], PROJECT, patience=0.1, longest=3600)
    assert task.lost == f"{daemon.url} does not know it any more"


def order(**arguments: str) -> Order:
    return Order("inferencex", arguments, {}, "slot")


def test_shards_are_spread_evenly_and_always_the_same() -> None:
    wanted = Fanout(order(), 5)
    orders = [wanted.part(shard) for shard in wanted.shards]
    among = [Node("http://b"), Node("http://a")]
    tasks = fanout.spread(orders, among)
    assert sorted(Counter(task.node.url for task in tasks).values()) == [2, 3]
    assert [task.shard for task in tasks] == wanted.shards
    assert [task.node for task in tasks] == [task.node for task in fanout.spread(orders, among[::-1])]
    assert len(wanted.jobs()) == 5 * (fanout.REPEATED + 1)


def test_what_goes_on_is_followed_and_what_has_ended_is_repeated() -> None:
    wanted, node = Fanout(order(), 4), Node("http://a")

    def row(number: int, again: int, state: str) -> Row:
        return Row(node.url, wanted.part(Shard(number, 4), again).id, "inferencex", state)

    rows = [row(1, 0, "finished"), row(1, 1, "running"), row(2, 0, "finished"), row(2, 1, "finished")]
    there = {entry.job: entry for entry in rows}
    tasks = fanout.to_repair(wanted, wanted.shards[:3], there, [node])
    assert {(task.shard.number, task.order.again, task.row is not None) for task in tasks} == {
        (1, 1, True),
        (2, 2, False),
        (3, 1, False),
    }
    last = row(2, fanout.REPEATED, "finished")
    with pytest.raises(ArgumentError, match="shard 2/4 was repeated 9 times in slot slot; begin another slot"):
        fanout.to_repair(wanted, wanted.shards[:3], {**there, last.job: last}, [node])


def test_a_repeated_order_has_an_id_of_its_own() -> None:
    assert len({order().id, replace(order(), again=1).id, replace(order(), again=2).id}) == 3
