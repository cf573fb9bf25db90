"""Pipeline 400: keep what a page looked like that failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from inferencemax_spider.extensions.ledger import Ledger
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.failures import EVIDENCE
from inferencemax_spider.items import EndpointCapture

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class EvidencePipeline:
    """Write ``evidence/<name>`` for each piece of evidence that a capture carries."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder = folder
        self.ledger = ledger

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the pipeline of *crawler*, which writes into the run's workspace."""
        return cls(Workspace.of(crawler).folder / EVIDENCE, Ledger.of(crawler))

    def process_item(self, item: EndpointCapture) -> EndpointCapture:
        """Store the evidence of *item*, if there is any."""
        for name, content in item.evidence.items():
            try:
                self.folder.mkdir(exist_ok=True)
                (self.folder / name).write_bytes(content)
            except OSError as error:
                self.ledger.output_failed(f"{EVIDENCE}/{name}", error)
        return item
