"""Parquet feed: one row per record, columns typed from the model."""

from __future__ import annotations

import pyarrow.parquet as pq

from inferencemax_spider.exporters.base import RecordsExporter


class ParquetRecordsExporter(RecordsExporter):
    """Write records as one Parquet file, a row group per response."""

    def write(self) -> None:
        """Write all rows; a file without rows still has its columns."""
        columns = self.selected(self.layout.schema.empty_table()).schema
        with pq.ParquetWriter(self.file, columns, compression="zstd") as writer:
            for table in self.tables():
                writer.write_table(table.cast(columns))
