"""Questions to a Parquet file, answered by DuckDB.

What a user writes reaches DuckDB as parameters only. Names of columns are looked up in the file and quoted. DuckDB may
read below one folder and nothing else, and none of that can be changed once it runs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from inferencemax_spider.serve.problems import ProblemError

SECONDS = 30.0
"""How long a query may take."""
MEMORY = "512MB"
THREADS = min(4, os.cpu_count() or 1)
REMEMBERED = 512
"""Counts and lists of columns that are remembered, so that a next page does not ask again."""
_FILE = "read_parquet(?, hive_partitioning = false, union_by_name = false, file_row_number = true)"
_PLACE = "file_row_number"
_OPERATORS = {"from": ">=", "to": "<="}

Value = str | int


@dataclass(frozen=True)
class Condition:
    """What a *column* must be: ``in`` the *values*, or ``from`` or up ``to`` the one there is."""

    column: str
    operator: Literal["in", "from", "to"]
    values: tuple[Value, ...]

    @property
    def sql(self) -> str:
        """The condition, with a mark for each value."""
        if self.operator == "in":
            return f"{quoted(self.column)} IN ({', '.join('?' * len(self.values))})" if self.values else "false"
        return f"{quoted(self.column)} {_OPERATORS[self.operator]} ?"


@dataclass(frozen=True)
class Selection:
    """Which rows and columns: *order* has columns, each with whether it is from the largest value on."""

    conditions: tuple[Condition, ...]
    columns: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    limit: int
    offset: int


@dataclass(frozen=True)
class File:
    """A Parquet file, and the *digest* of what is in it."""

    path: Path
    digest: str


class Database:
    """A DuckDB of its own, in memory, that reads below *folder* only."""

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        # Without a folder for what exceeds the memory: such a query fails, and nothing is written.
        bounds: dict[str, str | bool | int | float | list[str]] = {
            "threads": THREADS,
            "memory_limit": MEMORY,
            "temp_directory": "",
        }
        self._connection = duckdb.connect(":memory:", config=bounds)
        self._connection.execute("SET allowed_directories = [?]", [str(folder)])
        for setting in (
            "enable_external_access = false",
            "autoload_known_extensions = false",
            "parquet_metadata_cache = true",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")
        self.columns = lru_cache(REMEMBERED)(self._columns)
        self.texts = lru_cache(REMEMBERED)(self._texts)
        self.count = lru_cache(REMEMBERED)(self._count)

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()

    def rows(self, file: File, selection: Selection) -> pa.Table:
        """Return the rows of *file* that the *selection* asks for: in its order, those that are equal as they stand."""
        columns = ", ".join(map(quoted, selection.columns))
        keys = [f"{quoted(name)} {'DESC' if largest else 'ASC'} NULLS LAST" for name, largest in selection.order]
        where, values = _where(selection.conditions)
        return self._asked(
            f"SELECT {columns} FROM {_FILE} {where} ORDER BY {', '.join([*keys, _PLACE])} LIMIT ? OFFSET ?",  # noqa: S608 - quoted names
            [str(file.path), *values, selection.limit, selection.offset],
        )

    def _count(self, file: File, conditions: tuple[Condition, ...]) -> int:
        """Return how many rows of *file* the *conditions* hold for."""
        where, values = _where(conditions)
        table = self._asked(f"SELECT count(*) AS n FROM {_FILE} {where}", [str(file.path), *values])  # noqa: S608 - quoted names
        return int(table["n"][0].as_py())

    def _columns(self, file: File) -> tuple[str, ...]:
        """Return the names of the columns of *file*."""
        table = self._asked(f"SELECT * FROM {_FILE} LIMIT 0", [str(file.path)])  # noqa: S608 - constants
        return tuple(name for name in table.column_names if name != _PLACE)

    def _texts(self, file: File, column: str) -> tuple[str, ...]:
        """Return the different texts in a *column* of *file*."""
        name = quoted(column)
        query = f"SELECT DISTINCT {name} AS text FROM {_FILE} WHERE {name} IS NOT NULL ORDER BY 1"  # noqa: S608 - quoted names
        return tuple(self._asked(query, [str(file.path)])["text"].to_pylist())

    def _asked(self, query: str, values: Sequence[Value]) -> pa.Table:
        with self.cursor() as cursor:
            return cursor.sql(query, params=list(values)).to_arrow_table()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection for one request, and interrupt what it does after the time that it may take.

        Raises:
            ProblemError: it took longer, or more memory than there is.
            OSError: the file cannot be read.
        """
        cursor = self._connection.cursor()
        timer = threading.Timer(self.seconds, _interrupt, [cursor])
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise ProblemError(503, f"the query took longer than {self.seconds:g} s; ask for less") from error
        except duckdb.OutOfMemoryException as error:
            raise ProblemError(503, "the query needs more memory than there is; ask for less") from error
        except duckdb.Error as error:
            raise OSError(f"DuckDB: {error}") from error
        finally:
            timer.cancel()
            cursor.close()


def quoted(name: str) -> str:
    """Return the *name* of a column as SQL has it, whatever stands in it.

    >>> quoted("p99.9_ttft"), quoted('a"b')
    ('"p99.9_ttft"', '"a""b"')
    """
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _where(conditions: Sequence[Condition]) -> tuple[str, list[Value]]:
    """Return the clause that the *conditions* make, and the values of its marks."""
    if not conditions:
        return "", []
    clause = " AND ".join(condition.sql for condition in conditions)
    return f"WHERE {clause}", [value for condition in conditions for value in condition.values]


def _interrupt(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # it has just ended
        cursor.interrupt()
