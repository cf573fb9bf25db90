"""What the record exporters share: collect tables while the crawl runs, write rows in plan order when it ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow as pa
from scrapy.exporters import BaseItemExporter

from inferencemax_spider.exporters.spool import Spool
from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.records import schema

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from inferencemax_spider.items import EndpointCapture


class RecordsExporter(BaseItemExporter):
    """Write the records of all captures as rows of one file.

    ``fields`` of the feed's options chooses the columns (a list), or chooses and renames them (a mapping), as in any
    Scrapy feed; without it all columns of a record are written.
    """

    def __init__(self, file: IO[bytes], crawler: Crawler, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file
        self.crawler = crawler
        self.spool = Spool()

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> Self:
        """Return the exporter of a feed of *crawler*."""
        return cls(file, crawler, **options)

    @property
    def columns(self) -> dict[str, str]:
        """The columns to write: the name in the record, and the name in the file."""
        chosen = self.fields_to_export
        if chosen is None:
            chosen = schema().names
        return dict(chosen) if isinstance(chosen, Mapping) else {name: name for name in chosen}

    def selected(self, table: pa.Table) -> pa.Table:
        """Return *table* with the columns to write; one that no record has is null."""
        columns = [
            table[name] if name in table.column_names else pa.nulls(table.num_rows, pa.string())
            for name in self.columns
        ]
        return pa.table(columns, names=list(self.columns.values()))

    def export_item(self, item: EndpointCapture) -> None:
        """Keep the records of *item* until the end."""
        with self._reported():
            self.spool.add(item.endpoint.index, item.records.table)

    def finish_exporting(self) -> None:
        """Write all rows."""
        with self._reported():
            self.write()
        self.spool.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Book whatever goes wrong: Scrapy drops the exceptions of a feed that is being closed."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a feed that is not whole must never look as if it were
            Ledger.of(self.crawler).output_failed(getattr(self.file, "name", "a feed"), error)

    @abstractmethod
    def write(self) -> None:
        """Write what was collected to the file."""
