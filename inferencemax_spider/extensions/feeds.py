"""The standard feeds, and a file storage that reports what it cannot write.

The standard feeds stand in ``FEEDS_BASE``, as Scrapy keeps its own defaults (``EXTENSIONS_BASE`` …): ``FEEDS``, ``-o``
and ``-O`` add to them, and an entry whose value is ``None`` drops one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from scrapy.extensions.feedexport import FileFeedStorage
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.misc import load_object
from scrapy.utils.python import without_none_values
from w3lib.url import file_uri_to_path

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.exporters.base import RecordsExporter
from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from inferencemax_spider.records import Layout

ONE_DOCUMENT = frozenset({"json", "parquet", "dataset-parquet"})
"""Formats of which a file holds one document."""


class StandardFeeds:
    """Add-on: lay ``FEEDS`` over ``FEEDS_BASE``, for the spiders of this project."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StandardFeeds:
        """Return the add-on of *crawler*."""
        return cls(crawler)

    def update_settings(self, settings: BaseSettings) -> None:
        """Set ``FEEDS`` to what is to be written."""
        spider = self.crawler.spidercls
        if not issubclass(spider, EndpointSpider):
            return
        feeds = {**settings.getdict("FEEDS_BASE"), **settings.getdict("FEEDS")}
        kept = {uri: options for uri, options in feeds.items() if options is not None}
        exporters = without_none_values(settings.getwithbase("FEED_EXPORTERS"))
        for uri, options in kept.items():
            _check(str(uri), options, exporters, (spider.layout, *spider.other_layouts))
        settings.set("FEEDS", kept, priority=max(settings.getpriority("FEEDS") or 0, SETTINGS_PRIORITIES["addon"]))


def _check(uri: str, options: Mapping[str, Any], exporters: Mapping[str, Any], layouts: Sequence[Layout]) -> None:
    """Refuse a feed that would not be written, or not as it is meant; its columns are those of any of the *layouts*.

    Raises:
        ArgumentError: Scrapy would disable all feeds (unknown format), write an empty column (unknown field), or make
            a file of which readers see only a part (a second document behind the first).
    """
    name = options.get("format")
    if name and name not in exporters:
        raise ArgumentError(f"setting FEEDS: unknown format {name!r} of {uri}; valid: {', '.join(exporters)}")
    exporter = load_object(exporters[name]) if name else None
    if isinstance(exporter, type) and issubclass(exporter, RecordsExporter):
        names = list(dict.fromkeys(name for layout in layouts for name in exporter.names(layout)))
        for field in (options.get("fields") or ()) if names else ():
            if field not in names:
                raise ArgumentError(f"setting FEEDS: {uri} has no column {field!r}; valid: {', '.join(names)}")
    path = Path(file_uri_to_path(uri) if uri.startswith("file:") else uri)
    if name in ONE_DOCUMENT and not options.get("overwrite") and path.is_file() and path.stat().st_size:
        raise ArgumentError(
            f"{uri} exists, and nothing can be appended to a file of format {name}; overwrite it with -O"
        )


class ReportingFileStorage(FileFeedStorage):
    """Write feeds to files; a file that cannot be written is booked, named once, and fails the run."""

    def open(self, spider: Spider) -> IO[bytes]:
        """Return the file, guarded; one that cannot be opened swallows what is written to it."""
        ledger = Ledger.of(spider.crawler)
        try:
            file = super().open(spider)
        except OSError as error:
            ledger.output_failed(self.path, error)
            file = Path(os.devnull).open("wb")  # noqa: SIM115 - closed by store()
        return cast("IO[bytes]", GuardedFile(file, self.path, ledger))


class GuardedFile:
    """A binary file that books its first error of writing and swallows everything after it.

    Exporters write from signal handlers, where an exception would end in a traceback and cost the other feeds.
    """

    def __init__(self, file: IO[bytes], path: str, ledger: Ledger) -> None:
        self._file = file
        self._path = path
        self._ledger = ledger
        self._broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        """Write *data*; return its length, written or not."""
        self._guarded(self._file.write, data)
        return len(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        """Write all *lines*."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._guarded(self._file.flush)

    def close(self) -> None:
        """Flush and close the file."""
        self._guarded(self._file.close)

    def _guarded(self, operation: Callable[..., Any], *arguments: Any) -> None:
        if self._broken:
            return
        try:
            operation(*arguments)
        except OSError as error:
            self._broken = True
            self._ledger.output_failed(self._path, error)
