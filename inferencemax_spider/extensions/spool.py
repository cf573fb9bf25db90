"""The records of the run, held back until they can be written in the order of the plan.

On disk, so that memory does not grow with the number of responses; what is read again is mapped, not copied.
"""

from __future__ import annotations

import mmap
import weakref
from collections.abc import Container, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

import pyarrow as pa

from inferencemax_spider.extensions.base import RunExtension, require_endpoints

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class Spool(RunExtension):
    """Keep one table per endpoint, for all feeds; give them back in plan order. Its file has no name on disk."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed below
        weakref.finalize(self, _close, self._file)
        self._places: dict[int, tuple[int, int]] = {}

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
        start = self._file.seek(_mappable(self._file.seek(0, 2)))
        with pa.ipc.new_stream(self._file, table.schema) as stream:
            stream.write_table(table)
        self._file.flush()
        self._places[index] = start, self._file.tell() - start

    def table(self, index: int) -> pa.Table:
        """Return the table kept under *index*."""
        start, length = self._places[index]
        place = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ, offset=start)
        return pa.ipc.open_stream(pa.py_buffer(place)).read_all()

    def tables(self, indexes: Container[int]) -> Iterator[pa.Table]:
        """Yield the tables of *indexes*, in the order of the plan."""
        yield from (self.table(index) for index in sorted(self._places) if index in indexes)


def _close(file: IO[bytes]) -> None:
    """Close *file*, also where what is left to write to it finds no room: that it failed was told before."""
    with suppress(OSError):
        file.close()


def _mappable(position: int) -> int:
    """Return the first position from *position* on at which a mapping of a file may begin."""
    return -(-position // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
