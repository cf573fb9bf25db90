"""What the record exporters share: note the captures while the crawl runs, write rows in plan order when it ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow as pa
from scrapy.exporters import BaseItemExporter

from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.extensions.spool import Spool
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from inferencemax_spider.items import EndpointCapture
    from inferencemax_spider.records import Layout


class RecordsExporter(BaseItemExporter):
    """Write the records of all captures as rows of one file.

    ``fields`` of the feed's options chooses the columns (a list), or chooses and renames them (a mapping), as in any
    Scrapy feed; without it all columns are written.
    """

    def __init__(self, file: IO[bytes], crawler: Crawler, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file
        self.crawler = crawler
        self.spool = Spool.of(crawler)
        self.indexes: set[int] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> Self:
        """Return the exporter of a feed of *crawler*."""
        return cls(file, crawler, **options)

    @property
    def layout(self) -> Layout:
        """How the spider's records are laid out, known for certain once there are records."""
        assert isinstance(self.crawler.spider, EndpointSpider)
        return self.crawler.spider.layout

    @classmethod
    def names(cls, layout: Layout) -> Sequence[str]:
        """Return the columns of *layout* that there are to choose from; none where that is not known beforehand."""
        return layout.columns

    @property
    def all_columns(self) -> Sequence[str]:
        """The columns that there are to choose from."""
        return self.names(self.layout)

    @property
    def columns(self) -> dict[str, str]:
        """The columns to write: the name in the record, and the name in the file."""
        chosen = self.all_columns if self.fields_to_export is None else self.fields_to_export
        return dict(chosen) if isinstance(chosen, Mapping) else {name: name for name in chosen}

    def selected(self, table: pa.Table) -> pa.Table:
        """Return *table* with the columns to write; one that no record has is null."""
        present = dict(zip(table.column_names, table.columns, strict=True))
        missing = pa.nulls(table.num_rows, pa.string())
        return pa.table({name: present.get(source, missing) for source, name in self.columns.items()})

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows to write, in plan order."""
        yield from map(self.selected, self.spool.tables(self.indexes))

    def export_item(self, item: EndpointCapture) -> None:
        """Keep the records of *item*, if it has any, until the end."""
        if not len(item.records):
            return
        with self._reported():
            self.spool.add(item.endpoint.index, item.records.table)
            self.indexes.add(item.endpoint.index)

    def finish_exporting(self) -> None:
        """Write all rows."""
        with self._reported():
            self.write()

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
