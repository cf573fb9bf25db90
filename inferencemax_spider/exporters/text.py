"""CSV and JSON feeds: one row per record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from inferencemax_spider.exporters.base import RecordsExporter
from inferencemax_spider.exporters.csv_text import csv_rows, write_header
from inferencemax_spider.records import AXES, LEADING, Layout


class CsvRecordsExporter(RecordsExporter):
    """Write records as CSV. A file that is appended to keeps its one header."""

    def write(self) -> None:
        """Write the header, unless the file has one, and all rows."""
        write_header(self.file, list(self.columns.values()))
        self.file.writelines(csv_rows(self.tables()))


class CurveCsvExporter(CsvRecordsExporter):
    """Write the points of one ``data_type`` as CSV, with the columns of the earlier pipeline's files in the lead."""

    def __init__(self, *arguments: Any, data_type: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.data_type = data_type

    @classmethod
    def names(cls, layout: Layout) -> Sequence[str]:
        """Return the columns that there are to choose from."""
        return (*LEADING, *AXES, *layout.further)

    def tables(self) -> Iterator[pa.Table]:
        """Yield the points to write, in plan order."""
        for table in self.spool.tables(self.indexes):
            yield self.selected(self.layout.curve(table, self.data_type))


class JsonLinesRecordsExporter(RecordsExporter):
    """Write records as JSON, one object a line; missing is ``null``."""

    def write(self) -> None:
        """Write all rows."""
        self.file.writelines(line + b"\n" for line in self._objects())

    def _objects(self) -> Iterator[bytes]:
        for table in self.tables():
            for row in table.to_pylist():
                yield json.dumps(row, ensure_ascii=False).encode()


class JsonRecordsExporter(JsonLinesRecordsExporter):
    """Write records as one JSON array of objects."""

    def write(self) -> None:
        """Write the array."""
        self.file.write(b"[")
        for place, text in enumerate(self._objects()):
            self.file.write((b",\n" if place else b"\n") + text)
        self.file.write(b"\n]\n")
