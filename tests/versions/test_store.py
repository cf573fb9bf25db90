"""Versions: whole or not at all, never mixed, and ``latest`` never goes back."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferencemax_spider.versions import store

NOW = datetime(2025, 10, 25, 1, 0, 7, tzinfo=UTC)
NAME = "20251025T010007Z"
HOLD = """
import sys
from pathlib import Path
from inferencemax_spider.versions import store
assert store.lock(Path(sys.argv[1])) is not None
print("locked", flush=True)
sys.stdin.read()
"""


def claimed_with_files(root: Path, now: datetime = NOW) -> tuple[str, Path]:
    """Claim a version and put into it what a run does."""
    version, partial = store.claim(root, now)
    (partial / "raw").mkdir()
    (partial / "raw" / "a.json").write_text("[]")
    (partial / "summary.json").write_text("{}")
    return version, partial


def published(root: Path, now: datetime = NOW) -> Path:
    version, partial = claimed_with_files(root, now)
    return store.publish(partial, version)


@contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock of *folder*, until it is ended."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    here = str(Path(store.__file__).parents[2])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": here}
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "locked\n"
            yield process
        finally:
            process.kill()


def test_a_claim_creates_the_hidden_folder_of_a_version_named_after_the_time(tmp_path: Path) -> None:
    version, partial = store.claim(tmp_path / "output" / "spider", NOW)
    assert version == NAME
    assert partial == tmp_path / "output" / "spider" / f".{NAME}.partial"
    assert list(partial.iterdir()) == []


def test_claims_of_one_second_get_names_of_their_own(tmp_path: Path) -> None:
    assert [store.claim(tmp_path, NOW)[0] for _ in range(3)] == [NAME, f"{NAME}-2", f"{NAME}-3"]


def test_a_name_that_was_published_is_not_claimed_again(tmp_path: Path) -> None:
    published(tmp_path)
    version, partial = store.claim(tmp_path, NOW)
    assert version == f"{NAME}-2"
    assert [path.name for path in tmp_path.glob(".*")] == [partial.name]


def test_claims_at_once_from_several_processes_never_share_a_folder(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        claims = list(pool.map(store.claim, repeat(tmp_path, 60), repeat(NOW)))
    assert {version for version, _ in claims} == {NAME, *(f"{NAME}-{number}" for number in range(2, 61))}
    assert len({partial for _, partial in claims}) == 60
    assert all(partial.is_dir() for _, partial in claims)


def test_a_root_that_is_a_file_cannot_be_claimed_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        store.claim(tmp_path / "file", NOW)


def test_publishing_moves_everything_to_the_name_of_the_version(tmp_path: Path) -> None:
    version, partial = claimed_with_files(tmp_path)
    final = store.publish(partial, version)
    assert final == tmp_path / version
    assert sorted(path.relative_to(final).as_posix() for path in final.rglob("*")) == [
        "raw",
        "raw/a.json",
        "summary.json",
    ]
    assert (final / "raw" / "a.json").read_text() == "[]"
    assert not partial.exists()


def test_nothing_is_published_when_a_file_cannot_be_flushed(tmp_path: Path) -> None:
    version, partial = claimed_with_files(tmp_path)
    (partial / "raw" / "gone.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError, match=r"gone\.json"):
        store.publish(partial, version)
    assert not (tmp_path / version).exists()
    assert (partial / "raw" / "a.json").read_text() == "[]"


def test_a_version_never_replaces_another_one(tmp_path: Path) -> None:
    final = published(tmp_path)
    (final / "summary.json").write_text("first")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(OSError, match=NAME):
        store.publish(other, NAME)
    assert (final / "summary.json").read_text() == "first"


def test_latest_leads_to_the_version_also_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.point_latest(published(tmp_path))
    monkeypatch.chdir("/")
    assert (tmp_path / store.LATEST).resolve() == (tmp_path / NAME).resolve()
    (tmp_path / NAME / "summary.json").write_text("seen")
    assert (tmp_path / store.LATEST / "summary.json").read_text() == "seen"


@settings(max_examples=25)
@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=5))
def test_latest_is_always_the_newest_version_so_far(seconds: list[int]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for place, after in enumerate(seconds):
            version = published(root, NOW + timedelta(seconds=after))
            newest = after >= max(seconds[: place + 1])
            assert store.point_latest(version) is newest
            led = (root / store.LATEST).resolve().name
            assert led.startswith(f"{NOW + timedelta(seconds=max(seconds[: place + 1])):%Y%m%dT%H%M%SZ}")


def test_latest_follows_the_versions_of_one_second_in_the_order_of_their_claims(tmp_path: Path) -> None:
    for _ in range(12):
        version = published(tmp_path)
        assert store.point_latest(version)
        assert (tmp_path / store.LATEST).resolve() == version.resolve()


def test_latest_can_be_pointed_at_the_same_version_again(tmp_path: Path) -> None:
    version = published(tmp_path)
    assert store.point_latest(version)
    assert store.point_latest(version)
    assert (tmp_path / store.LATEST).resolve() == version.resolve()


def test_latest_ends_at_the_newest_when_several_processes_publish_at_once(tmp_path: Path) -> None:
    versions = [published(tmp_path, NOW + timedelta(seconds=second)) for second in range(20)]
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        moved = list(pool.map(store.point_latest, versions[::-1]))
    assert moved[0]
    assert (tmp_path / store.LATEST).resolve() == versions[-1].resolve()
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_latest_waits_while_another_run_moves_it(tmp_path: Path) -> None:
    version = published(tmp_path)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    waiting = threading.Thread(target=store.point_latest, args=(version,))
    waiting.start()
    try:
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
        assert not (tmp_path / store.LATEST).exists()
    finally:
        os.close(descriptor)
        waiting.join()
    assert (tmp_path / store.LATEST).resolve() == version.resolve()


def test_a_reader_never_finds_latest_missing_or_half_a_version(tmp_path: Path) -> None:
    done, wrong = threading.Event(), []
    store.point_latest(published(tmp_path, NOW))

    def read() -> None:
        while not done.is_set():
            try:
                names = {path.name for path in (tmp_path / store.LATEST).resolve(strict=True).iterdir()}
            except OSError as error:
                wrong.append(repr(error))
            else:
                wrong.extend([f"{names}"] if names != {"raw", "summary.json"} else [])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for second in range(1, 60):
            store.point_latest(published(tmp_path, NOW + timedelta(seconds=second)))
    finally:
        done.set()
        reader.join()
    assert wrong == []


def test_a_lock_is_given_once(tmp_path: Path) -> None:
    descriptor = store.lock(tmp_path)
    assert descriptor is not None
    assert store.lock(tmp_path) is None
    os.close(descriptor)
    again = store.lock(tmp_path)
    assert again is not None
    os.close(again)


def test_a_folder_that_is_renamed_while_it_is_being_locked_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, flock = published(tmp_path), fcntl.flock

    def overtaken(descriptor: int, operation: int) -> None:
        store.discard(version)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", overtaken)
    assert store.lock(version) is None
    monkeypatch.undo()
    with store.locked(tmp_path / f".{NAME}.pruned") as ours:
        assert ours
    with store.locked(version) as ours:
        assert not ours


def test_installing_replaces_each_file_and_the_last_one_last(tmp_path: Path) -> None:
    version = published(tmp_path)
    (version / "old.csv").write_text("old")
    (version / "mine.txt").write_text("mine")
    folder = tmp_path / "made"
    (folder / "charts").mkdir(parents=True)
    for name in ("a.csv", "summary.json", "zzz.csv", "charts/a.png"):
        (folder / name).write_text("new")
    store.install(folder, version, {"old.csv", "a.csv.gone", "../x"}, last="summary.json")
    texts = {path.relative_to(version).as_posix(): path.read_text() for path in version.rglob("*") if path.is_file()}
    new = dict.fromkeys(("a.csv", "summary.json", "zzz.csv", "charts/a.png"), "new")
    assert texts == {"raw/a.json": "[]", "mine.txt": "mine"} | new
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_an_installation_that_fails_leaves_the_last_file_as_it_was(tmp_path: Path) -> None:
    version = published(tmp_path)
    folder = tmp_path / "made"
    folder.mkdir()
    (version / "z.csv").mkdir()
    for name in ("a.csv", "z.csv", "summary.json"):
        (folder / name).write_text("new")
    with pytest.raises(OSError, match=r"z\.csv"):
        store.install(folder, version, (), last="summary.json")
    assert (version / "a.csv").read_text() == "new"
    assert (version / "summary.json").read_text() == "{}"


def test_only_folders_of_runs_that_ended_with_raw_files_are_unfinished(tmp_path: Path) -> None:
    _, left = claimed_with_files(tmp_path)
    published(tmp_path, NOW + timedelta(seconds=1))
    _, living = claimed_with_files(tmp_path, NOW + timedelta(seconds=2))
    store.claim(tmp_path, NOW + timedelta(seconds=3))
    (store.claim(tmp_path, NOW + timedelta(seconds=4))[1] / "raw").mkdir()
    descriptor = store.lock(living)
    assert descriptor is not None
    assert store.unfinished(tmp_path) == [left]
    os.close(descriptor)
    assert store.unfinished(tmp_path) == [left, living]


def test_looking_for_unfinished_runs_leaves_their_folders_unlocked(tmp_path: Path) -> None:
    _, left = claimed_with_files(tmp_path)
    assert store.unfinished(tmp_path) == store.unfinished(tmp_path) == [left]
    descriptor = store.lock(left)
    assert descriptor is not None
    os.close(descriptor)


def test_runs_that_are_published_meanwhile_do_not_disturb_the_search_for_unfinished_ones(tmp_path: Path) -> None:
    claims = [claimed_with_files(tmp_path, NOW + timedelta(seconds=second)) for second in range(400)]

    def publish() -> None:
        for version, partial in claims:
            partial.rename(partial.with_name(version))

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        while publisher.is_alive():
            store.unfinished(tmp_path)
    finally:
        publisher.join()
    assert store.unfinished(tmp_path) == []


def test_the_lock_of_another_process_ends_with_it_however_it_ends(tmp_path: Path) -> None:
    _, partial = claimed_with_files(tmp_path)
    with holding(partial) as process:
        assert store.lock(partial) is None
        assert store.unfinished(tmp_path) == []
        process.kill()
        assert process.wait() == -9
        assert store.unfinished(tmp_path) == [partial]
