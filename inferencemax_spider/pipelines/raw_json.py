"""Pipeline 300: keep what the site served, as it served it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inferencemax_spider import envelope
from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.items import EndpointCapture, Served
from inferencemax_spider.pipelines.hwkeys import ALWAYS_COUNTED
from inferencemax_spider.records import newest_days

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class RawJsonPipeline:
    """Write ``raw/<basename of the URL>`` for every endpoint that answered, usable or not."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder = folder
        self.ledger = ledger

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline of *crawler*, which writes into the run's workspace."""
        return cls(Workspace.of(crawler).raw_folder, Ledger.of(crawler))

    def process_item(self, item: EndpointCapture) -> EndpointCapture:
        """Store the body of *item*, if an answer came."""
        if item.served is None:
            return item
        encoding = envelope.encoding_of(item.served.body, known_json=item.state in {"ok", "empty"})
        path = self.folder / item.endpoint.file_name
        try:
            envelope.write(path, _metadata(item, item.served), item.served.body, encoding)
        except OSError as error:
            # What was written of it is no raw file, and the space may be what the summary needs.
            with suppress(OSError):
                path.unlink()
            self.ledger.output_failed(f"raw/{path.name}", error)
        return item


def _metadata(item: EndpointCapture, served: Served) -> dict[str, Any]:
    return {
        "index": item.endpoint.index,
        "dataset": item.endpoint.dataset,
        "accepted": item.endpoint.accepted,
        "model": item.endpoint.model,
        "sequence": item.endpoint.sequence,
        "data_type": item.endpoint.data_type,
        "url": item.endpoint.url,
        "fetched_at": served.fetched_at.isoformat(),
        "replayed_from": item.replayed_from,
        "http_status": served.status,
        "content_type": served.content_type,
        "content_encoding": served.content_encoding,
        "location": served.location,
        "damage": served.damage,
        "attempts": item.attempts,
        "bytes": len(served.body),
        "sha256": served.sha256,
        "state": item.state,
        "reason": item.reason,
        "record_count": len(item.records),
        "rejected_count": len(item.rejections),
        "hwkeys": dict(item.hwkeys),
        f"{ALWAYS_COUNTED}_count": item.hwkeys[ALWAYS_COUNTED],
        "unknown_fields": dict(item.unknown_fields),
        "newest": newest_days(item.records),
    }
