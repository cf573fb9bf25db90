"""Compressed raw files: the same content, whole at any time, and the same file each time."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from inferencemax_spider import envelope
from inferencemax_spider.versions import compress
from tests.versions import stores
from tests.versions.stores import RAW, contents, names, version


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Return the folder of the raw files of a version."""
    return version(tmp_path, 0, size=4000) / "raw"


def test_each_raw_file_is_replaced_by_a_smaller_one_with_its_content(raw: Path) -> None:
    before, sizes = contents(raw.parent), {name: (raw / name).stat().st_size for name in RAW}
    compress.compress(raw)
    assert names(raw) == sorted(f"{name}.gz" for name in RAW)
    assert contents(raw.parent) == before
    assert all((raw / f"{name}.gz").stat().st_size < sizes[name] / 2 for name in RAW)


def test_any_gzip_reads_it(raw: Path) -> None:
    before = (raw / RAW[0]).read_bytes()
    compress.compress(raw)
    path = raw / f"{RAW[0]}.gz"
    assert gzip.decompress(path.read_bytes()) == before
    assert subprocess.run(["gzip", "-dc", str(path)], check=True, capture_output=True).stdout == before


def test_the_same_content_gives_the_same_bytes_whatever_the_name_and_the_time(tmp_path: Path, raw: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.json").write_bytes((raw / RAW[0]).read_bytes())
    os.utime(other / "b.json", (1, 1))
    compress.compress(raw)
    compress.compress(other)
    assert (other / "b.json.gz").read_bytes() == (raw / f"{RAW[0]}.gz").read_bytes()
    assert (other / "b.json.gz").read_bytes()[4:8] == bytes(4)


def test_what_was_left_by_a_killed_one_is_mended(raw: Path) -> None:
    before = contents(raw.parent)
    (raw / f".{RAW[0]}.gz.partial").write_bytes(b"half")
    (raw / f"{RAW[1]}.gz").write_bytes(gzip.compress((raw / RAW[1]).read_bytes()))
    compress.compress(raw)
    assert names(raw) == sorted(f"{name}.gz" for name in RAW)
    assert contents(raw.parent) == before


def test_compressing_again_changes_nothing(raw: Path) -> None:
    compress.compress(raw)
    before = {path: path.stat().st_mtime_ns for path in raw.iterdir()}
    compress.compress(raw)
    assert {path: path.stat().st_mtime_ns for path in raw.iterdir()} == before
    assert compress.pending(raw) == []


def test_a_file_that_cannot_be_read_back_stays_as_it_is(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(raw.parent)

    def half(path: Path, partial: Path) -> None:
        partial.write_bytes(gzip.compress(path.read_bytes()[:-1]))

    monkeypatch.setattr(compress, "_write", half)
    with pytest.raises(OSError, match=r"availability\.json does not read back as it was written"):
        compress.compress(raw)
    assert names(raw) == sorted(RAW)
    assert contents(raw.parent) == before


def test_only_raw_files_are_touched(raw: Path) -> None:
    (raw / "notes.txt").write_text("mine")
    compress.compress(raw)
    assert (raw / "notes.txt").read_text() == "mine"
    assert envelope.names(raw) == sorted(stores.RAW)
