"""Rows as the text of an answer: each row once, or, for benchmarks, as a template of many."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from inferencemax_spider.demo.api.dataset import ApiDataset
from inferencemax_spider.demo.api.rows import Row, Run, without_means

DIGITS: Final = re.compile(rb"(\.\d{4})\d{3}(?=\d)")
"""Three digits within a number that has more of them: they make the difference between the copies of a row."""
NUMBER, ID, CONC = b"\0", b"\1", b"\2"
"""Where a template has the digits of its numbers, the last digits of its id, and its concurrency."""
ID_DIGITS: Final = 4

Part = tuple[str, int | None, int | None]


def dumps(document: object) -> bytes:
    """Return *document* as compact JSON."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _template(row: Row) -> bytes:
    """Return *row* with places in it for what its copies do not share."""
    text = DIGITS.sub(rb"\1" + NUMBER, dumps(row)).replace(b'"conc":%d,' % row["conc"], b'"conc":%b,' % CONC, 1)
    if "id" not in row:
        return text
    whole = row["id"].encode()
    return text.replace(whole, whole[:-ID_DIGITS] + ID, 1)


def copies_of(row: Row, count: int) -> Iterator[bytes]:
    """Yield *count* copies of *row*: other concurrencies (no two rows share one), ids and numbers."""
    template, conc = _template(row), row["conc"] * count
    for index in range(count):
        copy = template.replace(NUMBER, b"%03d" % (index * 617 % 1000), -1)
        yield copy.replace(ID, b"%0*d" % (ID_DIGITS, index), 1).replace(CONC, b"%d" % (conc + index), 1)


class Bodies:
    """The rows of *dataset* as JSON arrays; with *history_rows*, copied until the histories have about as many rows.

    All histories become about equally long. The copies of a run are those of another concurrency, in each answer that
    has the run, so that what is the latest, and what is available, holds for the copies too.
    """

    def __init__(self, dataset: ApiDataset, history_rows: int = 0) -> None:
        """Write the rows of *dataset*."""
        self._dataset = dataset
        self._copies = self._counted(history_rows) if history_rows else {}

    @property
    def scaled(self) -> bool:
        """Whether rows are copied."""
        return bool(self._copies)

    def count(self, name: str, runs: Iterable[Run]) -> int:
        """Return how many rows *runs* of the model called *name* become."""
        return sum(self._copies.get(_part(name, run), 1) for run in runs)

    def benchmarks(self, name: str, runs: Iterable[Run], *, means: bool = True) -> bytes:
        """Return the rows of *runs* of the model called *name*, as the history has them unless *means*."""
        return b"[" + b",".join(self._rows(name, runs, means=means)) + b"]"

    def _rows(self, name: str, runs: Iterable[Run], *, means: bool) -> Iterator[bytes]:
        for run in runs:
            row = self._dataset.row(run)
            row = row if means else without_means(row)
            copies = self._copies.get(_part(name, run), 1)
            yield from copies_of(row, copies) if copies > 1 else (dumps(row),)

    def _counted(self, rows: int) -> dict[Part, int]:
        counts = Counter(_part(name, run) for name in self._dataset.models for run in self._dataset.runs(name))
        return {part: max(1, round(rows / len(counts) / count)) for part, count in counts.items()}


def _part(name: str, run: Run) -> Part:
    """Return which history *run* of the model called *name* belongs to."""
    return name, run.workload.isl, run.workload.osl
