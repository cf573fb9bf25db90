"""The records of a version as a partitioned dataset: ``dataset/source=…/date=…/model=…/part-0.parquet``.

It is laid out as Hive does, which DuckDB, pandas, Arrow, Spark and Athena read in place: the partition's columns stand
in the folders' names only, with what is special in a path escaped, and ``__HIVE_DEFAULT_PARTITION__`` for no value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inferencemax_spider.catalog import general_slug
from inferencemax_spider.versions.stored import RECORDS

FOLDER = "dataset"
COLUMNS = ("source", "date", "model")
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
ROWS_AT_ONCE = 100_000
"""Rows that are held until they are written: a model's records usually come one after the other."""


def write(folder: Path, version: str) -> None:
    """Write the records of the *version* in *folder* as a dataset, if it has any.

    The static generation has no days: its rows are of the day of the version; their model is its name in lower case
    with hyphens.

    Raises:
        OSError: it could not be written.
    """
    if not (folder / RECORDS).is_file():
        return
    parts: Counter[str] = Counter()
    for table in _chunks(folder / RECORDS):
        for place, rows in _partitions(_keyed(table, version)):
            target = folder / FOLDER / place
            target.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows, target / f"part-{parts[place]}.parquet", compression="zstd")
            parts[place] += 1


def _chunks(path: Path) -> Iterator[pa.Table]:
    """Yield the records in pieces of bounded size, each of several responses."""
    held: list[pa.Table] = []
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            held.append(file.read_row_group(number))
            if sum(table.num_rows for table in held) >= ROWS_AT_ONCE:
                yield pa.concat_tables(held)
                held.clear()
    if held:
        yield pa.concat_tables(held)


def _keyed(table: pa.Table, version: str) -> pa.Table:
    """Return *table* with all columns of a partition."""
    for name in ("source", "model_name"):  # a feed of one's own may leave them out
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    if "date" not in table.column_names:
        day = f"{version[:4]}-{version[4:6]}-{version[6:8]}"
        table = table.append_column("date", pa.array([day] * table.num_rows, pa.string()))
    if "model" not in table.column_names:
        names = table["model_name"].combine_chunks().dictionary_encode()
        slugs = pa.array([name and general_slug(name) for name in names.dictionary.to_pylist()], pa.string())
        table = table.append_column("model", slugs.take(names.indices))
    return table


def _partitions(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield the place of each partition and its rows, in their order, without the partition's columns."""
    table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in COLUMNS]))
    rows, start = table.drop_columns(list(COLUMNS)), 0
    for values, group in groupby(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)):
        count = sum(1 for _ in group)
        place = "/".join(f"{name}={_escaped(value)}" for name, value in zip(COLUMNS, values, strict=True))
        yield place, rows.slice(start, count)
        start += count


def _escaped(value: str | None) -> str:
    return NO_VALUE if value is None else quote(value, safe="")
