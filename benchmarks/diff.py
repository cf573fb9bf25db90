"""The difference of two versions of 100,000 records, all of which changed: against pandas reading both files."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.figure import Figure, at_most
from benchmarks.process import crawl, demo_site, run
from inferencemax_spider.versions.diff import compare
from inferencemax_spider.versions.stored import RECORDS, StoredVersion

RECORDS_IN_EACH = 100_000
OF_PANDAS = 5
ROUNDS = 5
"""How often each side is measured; its best time counts, as others use the machine too."""


def figures() -> Iterator[Figure]:
    """Measure reading and comparing in this process, and the whole command against a process that reads with pandas."""
    with tempfile.TemporaryDirectory() as folder:
        old = _crawled(Path(folder))
        new = _changed(old)
        ours, theirs = _in_turn(lambda: _ours(old, new), lambda: _theirs(old, new))
        name = f"diff of two versions of {RECORDS_IN_EACH:,} records, against pandas reading both"
        yield at_most(name, ours / theirs, OF_PANDAS)
        ours, theirs = _in_turn(lambda: _command(old, new), lambda: _script(old, new))
        yield at_most("the whole command, against a process that does no more than that", ours / theirs, OF_PANDAS)


def _crawled(output: Path) -> StoredVersion:
    with demo_site("--generation", "api", "--api-scale", str(RECORDS_IN_EACH)) as site:
        crawl(output, "-a", f"base_url={site}", "-a", "mode=history", spider="inferencex")
    return StoredVersion((output / "inferencex" / "latest").resolve())


def _changed(old: StoredVersion) -> StoredVersion:
    """Store a copy of the version *old* in which every number is 1 % larger: the most that there is to tell."""
    folder = old.folder.with_name("20251025T010007Z")
    folder.mkdir()
    shutil.copy(old.folder / "summary.json", folder)
    table = old.records()
    columns = {
        name: pc.multiply(table[name], 1.01) if pa.types.is_floating(table[name].type) else table[name]
        for name in table.column_names
    }
    pq.write_table(pa.table(columns), folder / RECORDS, compression="zstd")
    return StoredVersion(folder)


def _in_turn(*sides: Callable[[], object]) -> list[float]:
    """Return the best seconds of each of the *sides*, which are measured in turn."""
    best = [float("inf")] * len(sides)
    for _ in range(ROUNDS):
        for place, side in enumerate(sides):
            start = time.perf_counter()
            side()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def _ours(old: StoredVersion, new: StoredVersion) -> None:
    difference = compare(old.records(), new.records())
    assert difference.counts["changed"] > 0.99 * len(difference.changed)
    assert difference.groups()


def _theirs(old: StoredVersion, new: StoredVersion) -> None:
    for version in (old, new):
        assert len(pd.read_parquet(version.folder / RECORDS)) > 0.9 * RECORDS_IN_EACH


def _command(old: StoredVersion, new: StoredVersion) -> None:
    code = (
        "import subprocess, sys; command = [sys.executable, '-m', 'scrapy', 'diff', *sys.argv[1:]]; "
        "sys.exit(subprocess.call(command, stdout=subprocess.DEVNULL) != 3)"
    )
    run("-c", code, str(old.folder), str(new.folder))


def _script(old: StoredVersion, new: StoredVersion) -> None:
    code = "import sys, pandas; [pandas.read_parquet(path) for path in sys.argv[1:]]"
    run("-c", code, *(str(version.folder / RECORDS) for version in (old, new)))
