"""Parquet feed: one row per record, columns typed from the model."""

from __future__ import annotations

import pyarrow.parquet as pq

from inferencemax_spider.exporters.base import RecordsExporter
from inferencemax_spider.records import schema


class ParquetRecordsExporter(RecordsExporter):
    """Write records as one Parquet file, a row group per response."""

    def write(self) -> None:
        """Write all rows; a file without rows still has its columns."""
        columns = self.selected(schema().empty_table()).schema
        with pq.ParquetWriter(self.file, columns, compression="zstd") as writer:
            for table in self.spool.tables():
                writer.write_table(self.selected(table).cast(columns))
