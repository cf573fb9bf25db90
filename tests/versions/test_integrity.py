"""Whether a version still is what was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.versions import compress
from inferencemax_spider.versions.integrity import verify
from inferencemax_spider.versions.stored import StoredVersion
from tests.versions.stores import RAW, version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return version(tmp_path, 0)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_version_as_it_was_written_has_no_faults(folder: Path, *, compressed: bool) -> None:
    if compressed:
        compress.compress(folder / "raw")
    assert verify(StoredVersion(folder)) == []


def test_each_file_that_is_missing_changed_or_extra_is_named(folder: Path) -> None:
    size = (folder / "raw" / RAW[1]).stat().st_size
    (folder / "raw" / RAW[0]).unlink()
    (folder / "raw" / RAW[1]).write_bytes(b"[]")
    (folder / "benchmarks.parquet").write_bytes(b"shorter")
    (folder / "raw" / "new.json").touch()
    (folder / "notes.txt.gz").touch()
    assert verify(StoredVersion(folder)) == [
        "benchmarks.parquet: changed: 7 bytes with another SHA-256 than the 160 that were written",
        f"raw/{RAW[0]}: missing",
        f"raw/{RAW[1]}: changed: 2 bytes with another SHA-256 than the {size} that were written",
        "notes.txt.gz: not in the summary",
        "raw/new.json: not in the summary",
    ]


def test_a_damaged_compressed_file_is_named(folder: Path) -> None:
    compress.compress(folder / "raw")
    path = folder / "raw" / f"{RAW[2]}.gz"
    path.write_bytes(path.read_bytes()[:-9])
    (line,) = verify(StoredVersion(folder))
    assert line.startswith(f"raw/{RAW[2]}: {RAW[2]}.gz is damaged: ")


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"files": [1]}), json.dumps({"files": {"a": 1}})])
def test_a_summary_that_says_nothing_of_files_is_an_error(folder: Path, content: str) -> None:
    (folder / "summary.json").write_text(content)
    with pytest.raises(OperationalError, match=r"summary\.json"):
        verify(StoredVersion(folder))
