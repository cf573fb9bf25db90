"""Stores of versions that are made from one real one by changing what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inferencemax_spider.quality import expectations
from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence
from inferencemax_spider.quality.suite import judge
from inferencemax_spider.versions.stored import RECORDS, SUMMARY

Summary = dict[str, Any]
Edit = Callable[[pa.Table], pa.Table]
Changed = Callable[[Summary], Any]
Value = str | int


@dataclass
class Store:
    """Versions under *root*, each a copy of the version *origin* with changes, one second younger than the last."""

    root: Path
    origin: Path
    names: list[str] = field(default_factory=list)

    def add(
        self, edit: Edit | None = None, changed: Changed | None = None, day: str = "20260101", **summary: Any
    ) -> Path:
        """Add a version of that *day*, its row groups made by *edit*, with these keys of the *summary*."""
        self.names.append(f"{day}T{len(self.names):06}Z")
        folder = self.root / self.names[-1]
        folder.mkdir(parents=True)
        content = deepcopy(json.loads((self.origin / SUMMARY).read_text())) | {"version": folder.name} | summary
        if changed:
            changed(content)
        (folder / SUMMARY).write_text(json.dumps(content))
        self._write(folder / RECORDS, edit or (lambda table: table))
        return folder

    def _write(self, path: Path, edit: Edit) -> None:
        origin = pq.ParquetFile(self.origin / RECORDS)
        with pq.ParquetWriter(path, origin.schema_arrow) as writer:
            for place in range(origin.num_row_groups):
                writer.write_table(edit(origin.read_row_group(place)))

    def judged(self, folder: Path, text: str = "") -> dict[str, Check]:
        """Return the answer of each monitor to a version, by name, with the expectations in *text*."""
        file = self.root / "expectations.toml"
        file.write_text(text)
        summary = json.loads((folder / SUMMARY).read_text())
        book = expectations.load(file)
        return {check.name: check for check in judge(Evidence(folder, summary, book.of(summary["spider"])))}

    def findings(self, folder: Path, text: str = "") -> dict[str, tuple[str, ...]]:
        """Return the findings of each monitor that has some."""
        return {name: check.findings for name, check in self.judged(folder, text).items() if check.findings}


def without(**values: Value) -> Edit:
    """Return the edit that takes away the rows that have all these *values*."""
    return lambda table: table.filter(pc.invert(_having(table, values)))


def halved(**values: Value) -> Edit:
    """Return the edit that takes away every second of the rows that have all these *values*, of each curve."""

    def edit(table: pa.Table) -> pa.Table:
        chosen, seen, keep = _having(table, values).to_pylist(), dict[str, int](), []
        for hwkey, there in zip(table["hwKey"].to_pylist(), chosen, strict=True):
            seen[hwkey] = seen.get(hwkey, 0) + 1
            keep.append(not there or seen[hwkey] % 2 == 0)
        return table.filter(pa.array(keep))

    return edit


def scaled(column: str, factor: float, **values: Value) -> Edit:
    """Return the edit that multiplies the *column* in the rows that have all these *values*."""

    def edit(table: pa.Table) -> pa.Table:
        there = _having(table, values)
        changed = pc.if_else(there, pc.multiply(table[column], factor), table[column])
        return table.set_column(table.column_names.index(column), column, changed)

    return edit


def emptied(column: str, **values: Value) -> Edit:
    """Return the edit that takes the value of the *column* from the rows that have all these *values*."""

    def edit(table: pa.Table) -> pa.Table:
        nothing = pa.scalar(None, table.schema.field(column).type)
        changed = pc.if_else(_having(table, values), nothing, table[column])
        return table.set_column(table.column_names.index(column), column, changed)

    return edit


def both(*edits: Edit) -> Edit:
    """Return the edit that makes all of *edits*, one after the other."""

    def edit(table: pa.Table) -> pa.Table:
        for one in edits:
            table = one(table)
        return table

    return edit


def _having(table: pa.Table, values: dict[str, Value]) -> pa.ChunkedArray:
    chosen = pa.chunked_array([pa.repeat(pa.scalar(value=True), table.num_rows)], type=pa.bool_())
    for name, value in values.items():
        chosen = pc.and_(chosen, pc.equal(table[name], value))
    return chosen
