"""The plan of a replay of what is planned only with the site's help: what the run planned that stored the raw files.

What the site says today must not change what it said then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from inferencemax_spider import catalog, envelope
from inferencemax_spider.items import Endpoint, State
from inferencemax_spider.versions import noted

OPENAPI_STATES: tuple[State, ...] = ("failed",)
"""What ``/api/openapi.json`` may end in besides ``ok``: older deployments do not have it."""


def plan(raw: Path, models: Sequence[str]) -> list[Endpoint]:
    """Return the endpoints whose answers the folder *raw* holds, in their order; then those whose answers it lacks.

    Of *models*, if there are any, and with what belongs to no model.
    """
    metadata = {name: envelope.metadata_of(raw / name) for name in envelope.names(raw)}
    stored = [_stored(found, name) for name, found in metadata.items() if found]
    stored.sort(key=lambda endpoint: endpoint.index)
    damaged = [raw / name for name, found in metadata.items() if not found]
    endpoints = [*stored, *_lacking(stored, noted.unanswered(raw), damaged)]
    names = {endpoint.model for endpoint in endpoints}
    chosen = {"", *(catalog.find_text(text, names) for text in models)}
    return [endpoint for endpoint in endpoints if not models or endpoint.model in chosen]


def answer(path: Path) -> bytes:
    """Return the body of the raw file at *path*; nothing if it is of no use."""
    try:
        metadata, body = envelope.read(path)
    except (OSError, ValueError, KeyError):
        return b""
    return body if metadata["http_status"] == HTTPStatus.OK else b""


def _stored(metadata: dict[str, Any], name: str) -> Endpoint:
    return Endpoint(
        index=metadata["index"],
        url=metadata["url"],
        model=metadata["model"],
        sequence=metadata["sequence"],
        data_type=metadata["data_type"],
        dataset=metadata["dataset"],
        stored_as=name,
        accepted=OPENAPI_STATES if metadata["dataset"] == "openapi" else tuple(metadata["accepted"]),
    )


def _lacking(stored: list[Endpoint], unanswered: list[dict[str, Any]], damaged: list[Path]) -> Iterator[Endpoint]:
    """Yield the endpoints of which nothing is *stored*, numbered from there on."""
    urls, names = ({getattr(endpoint, what) for endpoint in stored} for what in ("url", "file_name"))
    silent = (it for it in unanswered if it["url"] not in urls and it.get("file_name") not in names)
    made = chain(map(_silent, silent), map(_damaged, damaged))
    for index, endpoint in zip(count(max((entry.index for entry in stored), default=-1) + 1), made, strict=False):
        yield replace(endpoint, index=index, stored_as=endpoint.stored_as or f"{endpoint.dataset}-{index}.json")


def _silent(detail: dict[str, Any]) -> Endpoint:
    """Return the endpoint that did not answer, as the summary's *detail* of it says."""
    dataset = detail.get("dataset") or PurePosixPath(urlsplit(detail["url"]).path).stem.replace("-", "_")
    return Endpoint(
        index=0,
        url=detail["url"],
        model=detail["model"],
        sequence=detail["sequence"],
        data_type=detail["data_type"],
        dataset=dataset,
        # An older release did not note it.
        stored_as=detail.get("file_name", ""),
        accepted=OPENAPI_STATES if dataset == "openapi" else (),
    )


def _damaged(path: Path) -> Endpoint:
    """Return an endpoint that stands for the raw file at *path*, which does not say of what it is."""
    return Endpoint(index=0, url=path.resolve().as_uri(), dataset=path.stem, stored_as=path.name)
