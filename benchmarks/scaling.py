"""The history of the live API in 1, 2 and 4 shards: what dividing it costs, and what as many nodes would give.

The shards run one after the other, each as if it had a node of its own; so the largest of them, and putting them
together, is what so many nodes would take. All ratios are of processor time, which other work on the machine and a busy
demo site hardly change.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure, at_least, at_most
from benchmarks.process import Measured, crawl, demo_site, run
from inferencemax_spider.shards import Shard, folder_name

ROWS = 300_000
DIVISIONS = (2, 4)
MORE_WORK = 1.6
"""How much more processor time all shards may take than one run, at most."""
COMBINING = 1.2
"""What putting them together may take, at most, of what one run takes: it derives all files once."""
SPIDER = "inferencex"


@dataclass(frozen=True)
class Division:
    """The history in so many shards: what each took, and what putting them together did."""

    shards: list[Measured]
    combined: Measured

    @property
    def largest(self) -> float:
        """Processor time of the shard that took most, in seconds."""
        return max(shard.cpu_seconds for shard in self.shards)


def figures() -> Iterator[Figure]:
    """Measure one run, then each division; all are ratios to the one run."""
    with demo_site("--generation", "api", "--api-scale", str(ROWS)) as site, tempfile.TemporaryDirectory() as folder:
        wanted = ("-a", f"base_url={site}", "-a", "mode=history")
        whole, summary = crawl(Path(folder) / "whole", *wanted, spider=SPIDER)
        yield at_least(f"history of {summary['records']:,} rows, one run", whole.cpu_seconds, 0, "s")
        for of in DIVISIONS:
            division = _divided(of, Path(folder) / str(of), wanted)
            _same_files(Path(folder) / "whole", Path(folder) / str(of))
            yield from _compared(of, division, whole)


def _divided(of: int, output: Path, wanted: tuple[str, ...]) -> Division:
    """Collect the shards into *output*, and put them together there."""
    shards = []
    for number in range(1, of + 1):
        shard = Shard(number, of)
        arguments = (*wanted, "-a", f"shard={shard}")
        shards.append(crawl(output, *arguments, spider=SPIDER, folder=folder_name(SPIDER, shard))[0])
    return Division(shards, run("-m", "scrapy", "combine", SPIDER, "-s", f"OUTPUT_DIR={output}"))


def _same_files(whole: Path, divided: Path) -> None:
    """Make sure that both stores hold the same CSVs.

    Raises:
        RuntimeError: they do not.
    """
    for path in (whole / SPIDER / "latest").glob("*.csv"):
        if path.read_bytes() != (divided / SPIDER / "latest" / path.name).read_bytes():
            raise RuntimeError(f"{path.name} of the shards is not that of one run")


def _compared(of: int, division: Division, whole: Measured) -> Iterator[Figure]:
    work = sum(shard.cpu_seconds for shard in division.shards)
    combining = division.combined.cpu_seconds
    yield at_most(f"{of} shards: all of them", work / whole.cpu_seconds, MORE_WORK)
    yield at_least(f"{of} shards: the largest of them", division.largest / whole.cpu_seconds, 0)
    yield at_most(f"{of} shards: putting them together", combining / whole.cpu_seconds, COMBINING)
    nodes = (division.largest + combining) / whole.cpu_seconds
    yield at_least(f"{of} nodes, on paper: collecting and putting together", nodes, 0)
