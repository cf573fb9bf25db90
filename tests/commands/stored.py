"""Versions that the real command made of the demo site, and copies of them to work on."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

from tests.crawl import runs
from tests.crawl.runs import Run

CSVS = ("inference_max_e2e.csv", "inference_max_interactivity.csv", "inference_max_merged.csv")


def command(output: Path, *args: str) -> Run:
    """Run ``scrapy`` with *args* on the versions in *output*, to the end."""
    process = runs.begin(runs.scrapy(*args, "-s", f"OUTPUT_DIR={output}"))
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    run = Run(process.returncode, stdout, stderr, None)
    assert "Traceback" not in run.output, run.output
    return run


def demo(output: Path, *args: str, status: int = 0) -> Path:
    """Crawl the demo site into *output* with these arguments; return the version."""
    run = command(output, "demo", *args)
    assert run.status == status, run.output
    return Path(run.stdout.rpartition(": ")[2].strip())


def decompressed(output: Path) -> None:
    """Write the raw files of all versions in *output* as they were before a later run compressed them."""
    for path in output.rglob("raw/*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def copied(source: Path, target: Path) -> Path:
    """Copy the store *source* with all its links to *target*; return that."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    return target
