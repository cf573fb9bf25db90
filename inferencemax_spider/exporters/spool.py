"""Tables held back until they can be written in order, in memory while they are small and on disk after that."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, cast

import pyarrow as pa

IN_MEMORY_BYTES = 16_000_000


class Spool:
    """Collect one table per index; give them back sorted by it. The file of a large spool has no name on disk."""

    def __init__(self) -> None:
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))  # noqa: SIM115 - closed below
        self._places: dict[int, int] = {}

    def add(self, index: int, table: pa.Table) -> None:
        """Keep *table* under *index*.

        Raises:
            OSError: the temporary file could not be written.
        """
        self._places[index] = self._file.seek(0, 2)
        with pa.ipc.new_stream(self._file, table.schema) as stream:
            stream.write_table(table)

    def table(self, index: int) -> pa.Table:
        """Return the table kept under *index*."""
        self._file.seek(self._places[index])
        return pa.ipc.open_stream(self._file).read_all()

    def tables(self) -> Iterator[pa.Table]:
        """Yield the tables in the order of their indexes."""
        yield from map(self.table, sorted(self._places))

    def close(self) -> None:
        """Give the space back."""
        self._file.close()
