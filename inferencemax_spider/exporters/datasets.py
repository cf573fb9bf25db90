"""Feeds of the live API's further datasets: one CSV and one Parquet file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from inferencemax_spider.exporters.base import RecordsExporter
from inferencemax_spider.exporters.csv_text import csv_rows, write_header
from inferencemax_spider.parsers.datasets import together

if TYPE_CHECKING:
    from inferencemax_spider.items import EndpointCapture
    from inferencemax_spider.records import Layout


class DatasetExporter(RecordsExporter):
    """Write the tables of a dataset as one; its feed's filter says which captures are of it."""

    table: pa.Table

    @classmethod
    def names(cls, layout: Layout) -> Sequence[str]:  # noqa: ARG003 - whatever the spider, the site says what they are
        """Return nothing: the columns are known only when the answers are there."""
        return ()

    @property
    def all_columns(self) -> Sequence[str]:
        """The columns that there are to choose from."""
        return tuple(self.table.column_names)

    def export_item(self, item: EndpointCapture) -> None:
        """Keep the table of *item* until the end."""
        with self._reported():
            self.spool.add(item.endpoint.index, item.table)
            self.indexes.add(item.endpoint.index)

    def write(self) -> None:
        """Put the tables together, in plan order, and write them."""
        self.table = together(self.spool.tables(self.indexes))
        self.write_table(self.selected(self.table))

    @abstractmethod
    def write_table(self, table: pa.Table) -> None:
        """Write *table* to the file."""


class DatasetCsvExporter(DatasetExporter):
    """Write a dataset as CSV."""

    def write_table(self, table: pa.Table) -> None:
        """Write the header and all rows."""
        write_header(self.file, table.column_names)
        self.file.writelines(csv_rows([table]))


class DatasetParquetExporter(DatasetExporter):
    """Write a dataset as Parquet, each column typed by what it holds."""

    def write_table(self, table: pa.Table) -> None:
        """Write all rows."""
        pq.write_table(table, self.file, compression="zstd")
