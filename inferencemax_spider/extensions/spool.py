"""The records of the run, held back until they can be written in the order of the plan.

In memory while they are small, on disk after that: so that memory does not grow with the number of responses.
"""

from __future__ import annotations

import weakref
from collections.abc import Container, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Self, cast

import pyarrow as pa

from inferencemax_spider.extensions.base import RunExtension, require_endpoints

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

IN_MEMORY_BYTES = 32_000_000


class Spool(RunExtension):
    """Keep one table per endpoint, for all feeds; give them back in plan order. Its file has no name on disk."""

    def __init__(self) -> None:
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)
        self._places: dict[int, int] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the spool of *crawler*."""
        require_endpoints(crawler)
        return cls()

    def add(self, index: int, table: pa.Table) -> None:
        """Keep *table* under *index*, unless another feed has done so already.

        Raises:
            OSError: the temporary file could not be written.
        """
        if index in self._places:
            return
        self._places[index] = self._file.seek(0, 2)
        with pa.ipc.new_stream(self._file, table.schema) as stream:
            stream.write_table(table)

    def table(self, index: int) -> pa.Table:
        """Return the table kept under *index*."""
        self._file.seek(self._places[index])
        return pa.ipc.open_stream(self._file).read_all()

    def tables(self, indexes: Container[int]) -> Iterator[pa.Table]:
        """Yield the tables of *indexes*, in the order of the plan."""
        yield from (self.table(index) for index in sorted(self._places) if index in indexes)
