"""Read the tables of docs/faults.md, which the tests run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inferencemax_spider.demo import Fault
from tests.crawl.runs import BROKEN, REPO

PAGE = REPO / "docs" / "faults.md"
_CODE = re.compile(r"`([^`]+)`")
_BETWEEN = re.compile(r"(?<!\\)\|")
Row = dict[str, str]


def tables(section: str) -> Iterator[Row]:
    """Yield the rows of all tables in a *section* of the page, and in the sections below it."""
    lines = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0].splitlines()
    columns: list[str] = []
    for line in lines:
        cells = (
            [cell.strip().replace("\\|", "|") for cell in _BETWEEN.split(line.strip("|"))]
            if line.startswith("|")
            else []
        )
        if not cells:
            columns = []
        elif not columns:
            columns = cells
        elif set(cells[0]) != {"-"}:
            yield dict(zip(columns, cells, strict=True))


def code(cell: str) -> list[str]:
    """Return what stands in backticks in *cell*."""
    return _CODE.findall(cell)


@dataclass(frozen=True)
class SiteFault:
    """A row of the faults of the site: what is injected, and what should come of it."""

    spec: str
    settings: dict[str, str]
    state: str
    message: str
    retried: bool
    exit_status: int

    @classmethod
    def of(cls, row: Row) -> SiteFault:
        """Return the fault that *row* describes."""
        spec, *rest = code(row["Fault"])
        settings = dict(text.split("=") for text in rest if re.fullmatch(r"[A-Z_]+=[\d.]+", text))
        message = (*code(row["Message"]), "")[0]
        return cls(spec, settings, row["State"], message, row["Retried"] == "yes", int(row["Exit"]))

    def __str__(self) -> str:
        """Return the name of the row's test."""
        return " ".join([self.spec, *(f"{name}={value}" for name, value in self.settings.items())])

    def at(self, name: str = BROKEN, times: int | None = None) -> str:
        """Return the fault as it hits the endpoint of this file name, for its first *times* requests or for ever."""
        return f"{self.spec}{f',times={times}' if times else ''}@{name}"

    @property
    def parsed(self) -> Fault:
        """The fault as the demo site understands it."""
        return Fault.parse(self.at())


def site_faults(section: str = "Faults of the site") -> list[SiteFault]:
    """Return all faults of a site that a *section* lists."""
    return [SiteFault.of(row) for row in tables(section)]
