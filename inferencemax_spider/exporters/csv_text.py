"""Tables as CSV text, made by Arrow's compute functions: a cell is never a Python object.

Arrow's own CSV writer quotes every string; the predecessor's files, which users' notebooks read, quote only what
needs it, write booleans as ``True`` and ``False``, and numbers as the site does (``6``, not ``6.0``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

SPECIAL = (b'"', b",", b"\r", b"\n")
ROWS_AT_ONCE = 16_384
AHEAD = 2
"""How many parts are made while another is being written, each by a thread."""


def csv_header(names: Sequence[str]) -> bytes:
    """Return the header line with *names*."""
    cells = pa.table([[name] for name in names], names=[str(place) for place, _ in enumerate(names)])
    return b"".join(csv_rows([cells]))


def write_header(file: IO[bytes], names: Sequence[str]) -> None:
    """Write the header line with *names* to *file*, unless it is appended to and has one."""
    if not (file.seekable() and file.tell()):
        file.write(csv_header(names))


def csv_rows(tables: Iterable[pa.Table]) -> Iterator[pa.Buffer]:
    """Yield the rows of all *tables* as CSV lines, many at once; null is an empty cell.

    Arrow's functions run outside of Python's lock: while one part is being written, the next ones are made.
    """
    batches = (batch for table in tables for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE))
    with ThreadPoolExecutor(AHEAD) as pool:
        made: deque[Future[pa.Buffer]] = deque()
        for batch in batches:
            made.append(pool.submit(_lines, batch))
            if len(made) > AHEAD:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()


def _lines(batch: pa.RecordBatch) -> pa.Buffer:
    """Return the rows of *batch* as CSV lines."""
    cells = [_cells(column) for column in batch.columns]
    if len(cells) == 1:
        # An empty line is no row to a reader of CSV.
        cells = [pc.if_else(pc.equal(pc.fill_null(cells[0], ""), ""), '""', cells[0])]
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
    ended = pc.binary_join_element_wise(lines, "", "\n")
    _, offsets, text = ended.buffers()
    places = memoryview(offsets).cast("i")
    return text[places[ended.offset] : places[ended.offset + len(ended)]]


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
