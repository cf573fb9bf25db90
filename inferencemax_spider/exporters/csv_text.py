"""Tables as CSV text, made by Arrow's compute functions: a cell is never a Python object.

Arrow's own CSV writer quotes every string; the predecessor's files, which users' notebooks read, quote only what
needs it, write booleans as ``True`` and ``False``, and numbers as the site does (``6``, not ``6.0``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

SPECIAL = (b'"', b",", b"\r", b"\n")
ROWS_AT_ONCE = 65_536


def csv_header(names: Sequence[str]) -> bytes:
    """Return the header line with *names*."""
    return b"".join(csv_rows(pa.table([[name] for name in names], names=[str(place) for place, _ in enumerate(names)])))


def write_header(file: IO[bytes], names: Sequence[str]) -> None:
    """Write the header line with *names* to *file*, unless it is appended to and has one."""
    if not (file.seekable() and file.tell()):
        file.write(csv_header(names))


def csv_rows(table: pa.Table) -> Iterator[bytes]:
    """Yield the rows of *table* as CSV lines, many at once; null is an empty cell."""
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        cells = [_cells(column) for column in batch.columns]
        if len(cells) == 1:
            # An empty line is no row to a reader of CSV.
            cells = [pc.if_else(pc.equal(pc.fill_null(cells[0], ""), ""), '""', cells[0])]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
        ended = pc.binary_join_element_wise(lines, "", "\n")
        _, offsets, text = ended.buffers()
        start, stop = (
            memoryview(offsets).cast("i")[ended.offset],
            memoryview(offsets).cast("i")[ended.offset + len(ended)],
        )
        yield text[start:stop].to_pybytes()


def _has_special(text: pa.Array) -> bool:
    """Tell whether *text*, or what lies around it in memory, holds a character that asks for quotes."""
    buffer = text.buffers()[2]
    content = b"" if buffer is None else buffer.to_pybytes()
    return any(character in content for character in SPECIAL)


def _cells(column: pa.Array) -> pa.Array:
    """Return *column* as text, quoted where CSV asks for it."""
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    text = pc.cast(column, pa.string())
    if not pa.types.is_string(column.type) or not _has_special(text):
        return text
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(text, r'[",\r\n]'), quoted, text)
