"""What stays and what goes; and that no version is lost, whoever is killed, or prunes or publishes at the same time."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inferencemax_spider.versions import compress, retention, store
from inferencemax_spider.versions.retention import Policy
from inferencemax_spider.versions.stored import all_of
from tests.versions import killer, stores
from tests.versions.stores import NOW, contents, named, names, version
from tests.versions.test_store import holding

TMPFS_BYTES = 1_500_000


def pruned(root: Path, keep: int = 30, max_age_days: int | None = None) -> retention.Report:
    """Prune *root*; return the report, which tells of no error."""
    report = retention.apply(root, Policy(keep, max_age_days), NOW)
    assert report.errors == []
    return report


def versions(root: Path) -> list[str]:
    return [stored.name for stored in all_of(root)]


def test_the_newest_versions_stay_and_the_older_ones_are_removed(tmp_path: Path) -> None:
    for day in range(-9, 1):
        version(tmp_path, day, latest=True)
    report = pruned(tmp_path, keep=3)
    assert report.removed == [named(day) for day in range(-9, -2)]
    assert names(tmp_path) == [*(named(day) for day in (-2, -1, 0)), "latest"]


def test_versions_that_are_too_old_are_removed_though_few(tmp_path: Path) -> None:
    for day in (-40, -31, -30, -1, 0):
        version(tmp_path, day, latest=True)
    assert pruned(tmp_path, max_age_days=30).removed == [named(-40), named(-31)]


def test_failed_versions_push_out_nothing_good_and_do_not_pile_up(tmp_path: Path) -> None:
    for day in (-30, -20, -10):
        version(tmp_path, day, latest=True)
    for day in (-25, -15, -5, -4, -3, -2, -1):
        version(tmp_path, day, "failed")
    pruned(tmp_path, keep=2)
    assert versions(tmp_path) == [named(day) for day in (-20, -10, -2, -1)]


def test_failed_versions_before_the_oldest_good_one_go_with_their_time(tmp_path: Path) -> None:
    for day in (-3, -2):
        version(tmp_path, day, "failed")
    for day in (-1, 0):
        version(tmp_path, day, latest=True)
    pruned(tmp_path, keep=30)
    assert versions(tmp_path) == [named(-1), named(0)]


def test_of_failed_versions_alone_as_many_stay(tmp_path: Path) -> None:
    for day in range(-5, 0):
        version(tmp_path, day, "failed")
    pruned(tmp_path, keep=3)
    assert versions(tmp_path) == [named(-3), named(-2), named(-1)]


def test_the_last_complete_version_stays_behind_any_number_of_incomplete_ones(tmp_path: Path) -> None:
    for day, status in ((-400, "complete"), (-300, "complete"), *((day, "incomplete") for day in range(-9, 0))):
        version(tmp_path, day, status, latest=True)
    pruned(tmp_path, keep=1, max_age_days=1)
    assert versions(tmp_path) == [named(-300), named(-1)]


def test_the_version_that_latest_leads_to_stays(tmp_path: Path) -> None:
    version(tmp_path, -50, "incomplete", latest=True)
    for day in (-3, -2, -1):
        version(tmp_path, day)
    pruned(tmp_path, keep=1, max_age_days=2)
    assert versions(tmp_path) == [named(-50), named(-1)]


def test_what_nobody_can_read_is_not_removed(tmp_path: Path) -> None:
    version(tmp_path, -9, "")
    (version(tmp_path, -8) / "summary.json").write_text("{")
    (version(tmp_path, -7) / "summary.json").write_text("[]")
    for day in (-1, 0):
        version(tmp_path, day, latest=True)
    pruned(tmp_path, keep=1, max_age_days=1)
    assert versions(tmp_path) == [named(day) for day in (-9, -8, -7, 0)]


def test_a_version_that_somebody_works_on_stays_until_the_next_time(tmp_path: Path) -> None:
    old = version(tmp_path, -9)
    version(tmp_path, 0, latest=True)
    before = stores.contents(old)
    with holding(old):
        report = pruned(tmp_path, keep=1)
        assert (report.removed, set(report.in_use)) == ([], {old.name})
        assert stores.contents(old) == before
        assert compress.pending(old / "raw") != []
    assert pruned(tmp_path, keep=1).removed == [old.name]


def test_a_version_that_is_a_link_to_another_place_is_left_alone(tmp_path: Path) -> None:
    elsewhere = version(tmp_path / "archive", -9)
    root = tmp_path / "root"
    version(root, 0, latest=True)
    (root / named(-9)).symlink_to(elsewhere)
    before = stores.contents(elsewhere)
    pruned(root, keep=1)
    assert (root / named(-9)).is_symlink()
    assert stores.contents(elsewhere) == before
    assert compress.pending(elsewhere / "raw") != []


def test_a_version_whose_name_is_no_time_has_no_age(tmp_path: Path) -> None:
    shutil.copytree(version(tmp_path, -9), tmp_path / "20259999T999999Z")
    pruned(tmp_path, max_age_days=1)
    assert versions(tmp_path) == ["20259999T999999Z"]


def test_what_unfinished_runs_left_is_named_and_stays_until_it_is_asked_for(tmp_path: Path) -> None:
    _, partial = store.claim(tmp_path, NOW - timedelta(days=99))
    (partial / "raw").mkdir()
    (partial / "raw" / "a.json").write_text("[]")
    assert pruned(tmp_path, keep=1, max_age_days=1).unfinished == [str(partial)]
    with holding(partial):
        retention.apply(tmp_path, Policy(), NOW, with_unfinished=True)
        assert (partial / "raw" / "a.json").exists()
    retention.apply(tmp_path, Policy(), NOW, with_unfinished=True, dry_run=True)
    assert (partial / "raw" / "a.json").exists()
    assert retention.apply(tmp_path, Policy(), NOW, with_unfinished=True).removed == [partial.name]
    assert names(tmp_path) == []


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(tmp_path: Path) -> None:
    for day in range(-3, 1):
        version(tmp_path, day, latest=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    report = retention.apply(tmp_path, Policy(keep=2), NOW, dry_run=True)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    told = pruned(tmp_path, keep=2)
    assert (report.removed, report.compressed) == (told.removed, told.compressed)
    assert report.removed == [named(-3), named(-2)]
    assert report.compressed == [named(-1)]
    assert list(report.lines(dry_run=True)) == [
        f"would be removed: {named(-3)}, {named(-2)}",
        f"raw files would be compressed: {named(-1)}",
    ]


@pytest.mark.parametrize("policy", [(0, None), (-1, None), (1, 0), (1, -1)])
def test_a_policy_that_keeps_nothing_is_refused(policy: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="at least one version"):
        Policy(*policy)


STORES = st.lists(
    st.tuples(st.integers(-400, 0), st.sampled_from(["complete", "incomplete", "failed", ""])),
    max_size=8,
    unique_by=lambda entry: entry[0],
)


@settings(max_examples=40, deadline=None)
@given(STORES, st.integers(1, 6), st.one_of(st.none(), st.integers(1, 300)), st.randoms(use_true_random=False))
def test_whatever_is_kept_the_last_good_version_and_latest_survive(
    entries: list[tuple[int, str]], keep: int, max_age_days: int | None, chance: random.Random
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for day, status in sorted(entries):
            version(root, day, status, latest=status in {"complete", "incomplete"} and chance.random() < 0.5)
        before = {stored.name: contents(stored.folder) for stored in all_of(root)}
        latest = store.latest(root)
        pruned(root, keep, max_age_days)
        after = versions(root)
        usable = [named(day) for day, status in sorted(entries) if status in {"complete", "incomplete"}]
        good = [named(day) for day, status in sorted(entries) if status == "complete"]
        assert {latest, *usable[-1:], *good[-1:]} - {None} <= set(after)
        assert {named(day) for day, status in entries if not status} <= set(after)
        assert len([name for name in after if name in usable]) <= keep + 2
        assert {name: contents(root / name) for name in after} == {name: before[name] for name in after}
        assert store.latest(root) == latest
        assert pruned(root, keep, max_age_days).removed == []


def test_older_raw_files_are_compressed_and_those_of_latest_and_of_what_is_newer_are_not(tmp_path: Path) -> None:
    for day in (-3, -2, -1):
        version(tmp_path, day, latest=True)
    version(tmp_path, 0, "failed")
    before = {name: stores.contents(tmp_path / name) for name in versions(tmp_path)}
    assert pruned(tmp_path).compressed == [named(-3), named(-2)]
    assert [bool(compress.pending(tmp_path / name / "raw")) for name in versions(tmp_path)] == [0, 0, 1, 1]
    assert {name: stores.contents(tmp_path / name) for name in versions(tmp_path)} == before
    assert pruned(tmp_path).compressed == []


def test_without_latest_the_newest_stays_as_it_is(tmp_path: Path) -> None:
    for day in (-1, 0):
        version(tmp_path, day, "failed")
    assert pruned(tmp_path).compressed == [named(-1)]


def test_what_cannot_be_done_is_reported_and_the_rest_is_done(tmp_path: Path) -> None:
    for day in (-3, -2, -1, 0):
        version(tmp_path, day, latest=True)
    broken = tmp_path / named(-2) / "raw" / stores.RAW[1]
    broken.unlink()
    broken.mkdir()
    report = retention.apply(tmp_path, Policy(keep=3), NOW)
    assert report.removed == [named(-3)]
    assert report.compressed == [named(-1)]
    assert report.errors == [f"{broken}: Is a directory"]


def test_a_store_that_is_not_there_is_an_error_in_the_report(tmp_path: Path) -> None:
    assert retention.apply(tmp_path / "no", Policy(), NOW).errors == [f"{tmp_path}/no: No such file or directory"]


def test_a_prune_that_is_killed_at_any_step_loses_no_version_and_the_next_one_ends_it(tmp_path: Path) -> None:
    template, work = tmp_path / "template", tmp_path / "work"
    for day, status in ((-5, "complete"), (-4, "failed"), (-3, "complete"), (-2, "complete"), (-1, "incomplete")):
        version(template, day, status, latest=status != "failed")
    whole = {stored.name: contents(stored.folder) for stored in all_of(template)}
    command = [sys.executable, killer.__file__, str(template), str(work), "2"]
    repo = str(Path(store.__file__).parents[2])
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": repo})
    copies = sorted(work.iterdir())
    assert len(copies) > 60
    ends = {True: 0, False: 0}
    for copy in copies:
        staying = {named(-2), named(-1)}
        assert staying <= set(versions(copy))
        assert {name: contents(copy / name) for name in versions(copy)} == {
            name: whole[name] for name in versions(copy)
        }
        assert store.latest(copy) == named(-1)
        ends[set(versions(copy)) == staying] += 1
        pruned(copy, keep=2)
        assert names(copy) == [named(-2), named(-1), "latest"]
        assert {name: contents(copy / name) for name in versions(copy)} == {name: whole[name] for name in staying}
        assert names(copy / named(-2) / "raw") == sorted(f"{name}.gz" for name in stores.RAW)
        assert names(copy / named(-1) / "raw") == sorted(stores.RAW)
    assert all(ends.values())


def test_prunes_at_once_lose_nothing_and_end_where_one_would(tmp_path: Path) -> None:
    for day in range(-19, 1):
        version(tmp_path, day, latest=True, size=20_000)
    staying = [named(day) for day in range(-9, 1)]
    before = {name: contents(tmp_path / name) for name in staying}
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        reports = list(pool.map(retention.apply, repeat(tmp_path, 6), repeat(Policy(keep=10)), repeat(NOW)))
    assert [report.errors for report in reports] == [[]] * 6
    assert sorted(name for report in reports for name in report.removed) == [named(day) for day in range(-19, -9)]
    assert pruned(tmp_path, keep=10).removed == []
    assert names(tmp_path) == [*staying, "latest"]
    assert {name: contents(tmp_path / name) for name in staying} == before


def test_versions_that_are_published_while_others_are_pruned_are_whole(tmp_path: Path) -> None:
    version(tmp_path, -50, latest=True)
    done, wrong = threading.Event(), []

    def prune() -> None:
        while not done.is_set():
            wrong.extend(retention.apply(tmp_path, Policy(keep=1), NOW).errors)

    pruner = threading.Thread(target=prune)
    pruner.start()
    try:
        for day in range(-49, 1):
            published = version(tmp_path, day, latest=True)
            assert len(contents(published)) == len(stores.RAW) + 2
            assert (tmp_path / store.LATEST).resolve() == published
    finally:
        done.set()
        pruner.join()
    assert wrong == []
    pruned(tmp_path, keep=1)
    assert versions(tmp_path) == [named(0)]


def test_latest_is_not_pointed_at_a_version_that_was_pruned_meanwhile(tmp_path: Path) -> None:
    version(tmp_path, -9, latest=True)
    slow, fast = version(tmp_path, -2), version(tmp_path, -1)
    pruned(tmp_path, keep=1)
    assert not store.point_latest(slow)
    assert store.latest(tmp_path) == named(-9)
    assert store.point_latest(fast)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 1.5 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_costs_nothing_and_is_reported_once(small_disk: Path) -> None:
    for day in (-3, -2, -1, 0):
        version(small_disk, day, latest=True, size=40_000)
    before = {name: stores.contents(small_disk / name) for name in versions(small_disk)}
    there = sorted(small_disk.rglob("*"))
    filler = small_disk / "filler"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(bytes(free))
    report = retention.apply(small_disk, Policy(), NOW)
    assert report.errors == [f"{small_disk / named(-3)}: No space left on device"]
    assert report.compressed == []
    filler.unlink()
    assert sorted(small_disk.rglob("*")) == there
    assert {name: stores.contents(small_disk / name) for name in versions(small_disk)} == before
    assert pruned(small_disk).compressed == [named(-3), named(-2), named(-1)]
    assert {name: stores.contents(small_disk / name) for name in versions(small_disk)} == before


def test_a_prune_waits_while_a_run_points_latest(tmp_path: Path) -> None:
    for day in (-2, -1):
        version(tmp_path, day, latest=True)
    with store.exclusive(tmp_path):
        waiting = threading.Thread(target=retention.apply, args=(tmp_path, Policy(keep=1), NOW))
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
        assert versions(tmp_path) == [named(-2), named(-1)]
    waiting.join()
    assert versions(tmp_path) == [named(-1)]
