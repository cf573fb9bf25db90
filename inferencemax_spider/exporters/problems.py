"""What did not go well, as JSON lines: records that were refused, endpoints that brought nothing."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import IO, Any

from scrapy.exporters import BaseItemExporter

from inferencemax_spider import envelope
from inferencemax_spider.items import EndpointCapture, Rejection


class ProblemsExporter(BaseItemExporter):
    """Write the problems of each capture at once, as they come: they are few, and worth having if the run dies."""

    def __init__(self, file: IO[bytes], **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file

    def export_item(self, item: EndpointCapture) -> None:
        """Write the problems of *item*."""
        self.file.writelines(line.encode() + b"\n" for line in self.lines(item))
        self.file.flush()

    @abstractmethod
    def lines(self, item: EndpointCapture) -> Iterator[str]:
        """Yield one JSON object per problem of *item*."""


class RejectedExporter(ProblemsExporter):
    """Write each rejected record as received: endpoint, place in the response, faults, record.

    ``record`` is the record's own JSON with every digit as it came; where it holds what JSON does not have (NaN), it
    is a string with that text, so that the line stays JSON.
    """

    def lines(self, item: EndpointCapture) -> Iterator[str]:
        """Yield one line per rejected record of *item*."""
        for rejection in item.rejections:
            faults = [{"field": fault.field, "reason": fault.reason} for fault in rejection.faults]
            head = _identity(item) | {"index": rejection.index, "faults": faults}
            yield f'{_dumped(head)[:-1]}, "record": {_record(rejection)}}}'


class FailuresExporter(ProblemsExporter):
    """Write each endpoint that brought no records: state, reason, status or exception, attempts, a curl line."""

    def lines(self, item: EndpointCapture) -> Iterator[str]:
        """Yield the line of *item*."""
        yield _dumped(
            _identity(item)
            | {
                "state": item.state,
                "reason": item.reason,
                "http_status": item.served.status if item.served else None,
                "exception": item.failure.exception if item.failure else None,
                "attempts": item.attempts,
                "curl": item.curl,
            }
        )


def _identity(item: EndpointCapture) -> dict[str, Any]:
    endpoint = item.endpoint
    return {
        "model": endpoint.model,
        "sequence": endpoint.sequence,
        "data_type": endpoint.data_type,
        "url": endpoint.url,
    }


def _record(rejection: Rejection) -> str:
    """Return the record as JSON on one line: line breaks stand between tokens only, strings have them escaped."""
    text = rejection.text.replace("\r", " ").replace("\n", " ")
    return text if envelope.encoding_of(text.encode(), known_json=True) == "json" else _dumped(rejection.text)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
