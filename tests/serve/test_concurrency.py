"""Many clients at once, and a store that changes under them: every answer is whole, of one version, or says why not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

import pytest

from inferencemax_spider.serve.guard import AT_ONCE
from inferencemax_spider.serve.problems import ProblemError
from inferencemax_spider.serve.source import Source
from inferencemax_spider.versions import store
from tests.commands import stored
from tests.crawl import runs
from tests.demo import client
from tests.demo.client import Reply
from tests.serve import churn
from tests.serve.services import Service, address, arrow, frame, problem, serving

CLIENTS = 50
ROUNDS = 3
SPIDER = "inferencemax"
LIMIT = 500
VERSIONS = 300


@pytest.fixture
def changing(output: Path, tmp_path: Path) -> Iterator[Service]:
    """Return a service over a store of its own, with raw files left out: nobody asks for them."""
    copy = stored.copied(output, tmp_path / "output")
    for raw in copy.glob("*/2*/raw/*"):
        raw.unlink()
    with serving(copy) as started:
        yield started


@contextmanager
def churning(root: Path, pause: float) -> Iterator[list[str]]:
    """Have another process publish and prune in *root*; give the names of what it has published, as they come.

    Seconds of a *pause* follow each.
    """
    command = [sys.executable, "-m", "tests.serve.churn", str(root), "1", str(pause)]
    names: list[str] = []
    with subprocess.Popen(command, cwd=runs.REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        reader = threading.Thread(target=lambda lines: names.extend(map(str.strip, lines)), args=[process.stdout])
        reader.start()
        try:
            yield names
        finally:
            process.stdin.close()
            reader.join()
    assert process.returncode == 0


READERS: dict[str, Callable[[Reply], Sized]] = {
    "json": lambda reply: cast("list[Any]", reply.json()["records"]),
    "csv": frame,
    "arrow": arrow,
}


def ask_for_latest(connection: HTTPConnection) -> None:
    """Ask for what is always there, whatever comes and goes."""
    for kind, read in READERS.items():
        reply = client.ask(connection, f"{address(SPIDER)}?limit={LIMIT}&format={kind}")
        assert reply.status == 200, reply.body
        assert len(read(reply)) == LIMIT
    history = client.ask(connection, f"/v1/spiders/{SPIDER}/history?limit=1")
    assert (history.status, history.json()["passed_over"]) == (200, []), history.body
    assert history.json()["total"] > 0


def ask_by_name(connection: HTTPConnection, digest: str) -> Iterator[int]:
    """Ask for each version that is listed, which may go meanwhile; yield the statuses."""
    listed = client.ask(connection, f"/v1/spiders/{SPIDER}/versions")
    assert listed.status == 200, listed.body
    assert listed.json()["versions"]
    for name in (row["version"] for row in listed.json()["versions"][-2:]):
        for part in ("records", "checks", "files/benchmarks.parquet"):
            reply = client.ask(connection, address(SPIDER, name, part))
            if reply.status != 200:
                assert name in problem(reply, reply.status)
            elif part.startswith("files"):
                assert sha256(reply.body).hexdigest() == digest
            else:
                assert reply.json()["version"] == name
            yield reply.status


def asked(service: Service, digest: str) -> Counter[int]:
    """Ask for everything, some times over, on one connection; return the statuses of what is asked for by name."""
    with closing(client.connect(service.url)) as connection:
        seen: Counter[int] = Counter()
        for _ in range(ROUNDS):
            ask_for_latest(connection)
            seen.update(ask_by_name(connection, digest))
        return seen


def test_fifty_clients_while_versions_come_and_go(changing: Service) -> None:
    root = changing.output / SPIDER
    digest = sha256((changing.folder(SPIDER) / "benchmarks.parquet").read_bytes()).hexdigest()
    with churning(root, pause=0.2) as names, ThreadPoolExecutor(CLIENTS) as pool:
        seen = sum(pool.map(lambda _: asked(changing, digest), range(CLIENTS)), Counter[int]())
    assert len(names) > 5
    assert seen.keys() <= {200, 404, 410}
    assert seen[200] > 0
    assert seen[404] + seen[410] > 0
    assert changing.json(address(SPIDER, part="checks"))["version"] == names[-1]


def said_of_each(source: Source, names: list[str], over: threading.Event) -> list[tuple[str, str]]:
    """Ask for the newest of the *names* until it is *over*; return each with the name that is found, or why none is."""
    said = []
    while not over.is_set():
        for name in names[-2:]:
            try:
                said.append((name, source.find(SPIDER, name).name))
            except ProblemError as problem:
                said.append((name, problem.detail))
    return said


def test_a_version_that_is_there_is_found_whatever_comes_and_goes(tmp_path: Path) -> None:
    root, over = tmp_path / SPIDER, threading.Event()
    name, partial = store.claim(root, datetime(2025, 10, 25, tzinfo=UTC))
    (partial / "summary.json").write_text('{"status": "complete"}')
    store.point_latest(store.publish(partial, name))
    with churning(root, pause=0) as names, ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(said_of_each, Source(tmp_path), names, over) for _ in range(CLIENTS)]
        try:
            runs.until(lambda: len(names) >= VERSIONS, f"{VERSIONS} versions were published")
        finally:
            over.set()
        said = [answer for task in asking for answer in task.result()]
    assert [name for name, answer in said if name == answer]
    assert not [answer for name, answer in said if name != answer and f"has no version '{name}'; " not in answer]


def test_latest_is_the_new_one_as_soon_as_it_is_published(changing: Service) -> None:
    path = address("inferencex")
    before = changing.ask(path, limit=1)
    name = churn.published(changing.output / "inferencex")
    after = changing.ask(path, {"If-None-Match": before.headers["etag"]}, limit=1)
    assert (after.status, after.json()["version"]) == (200, name)
    assert after.json()["version"] != before.json()["version"]
    assert changing.json(address("inferencex", "previous"))["version"] == before.json()["version"]
    assert changing.json("/v1/spiders/inferencex/history")["total"] > 0


def test_a_version_that_is_gone_is_told_at_once(changing: Service) -> None:
    folder = changing.folder("inferencex")
    path = address("inferencex", folder.name)
    assert changing.json(path, limit=1)
    churn.published(changing.output / "inferencex")
    store.discard(folder)
    assert f"has no version '{folder.name}'" in changing.refused(404, path, limit=1)


def test_a_file_is_sent_to_its_end_though_its_version_goes(changing: Service) -> None:
    folder = changing.folder("inferencex")
    whole = (folder / "inference_max_merged.csv").read_bytes() * 40
    assert len(whole) > 20_000_000  # more than what lies between server and client
    (folder / "inference_max_merged.csv").write_bytes(whole)
    with closing(client.connect(changing.url)) as connection:
        connection.request("GET", address("inferencex", folder.name, "files/inference_max_merged.csv"))
        response = connection.getresponse()
        assert response.status == 200
        begun = response.read(1000)
        shutil.rmtree(store.discard(folder))
        assert begun + response.read() == whole


def test_more_than_the_bound_at_once_are_asked_to_come_again(service: Service) -> None:
    connections = [client.connect(service.url) for _ in range(AT_ONCE * 2)]
    try:
        for connection in connections:
            connection.request("GET", f"{address('inferencex')}?limit=1000&format=csv")
        replies = [connection.getresponse() for connection in connections]
        statuses = Counter((reply.status, len(reply.read()) > 0) for reply in replies)
    finally:
        for connection in connections:
            connection.close()
    assert statuses[200, True] >= AT_ONCE
    assert statuses[503, True] > 0
    assert statuses.keys() == {(200, True), (503, True)}
    assert service.json("/healthz")
