"""Rows as JSON, CSV or an Arrow stream, and what an answer says of itself: its place, its pages, how long it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa
from fastapi import Request, Response
from pydantic_core import to_json

from inferencemax_spider import __version__
from inferencemax_spider.exporters.csv_text import csv_header, csv_rows
from inferencemax_spider.serve.params import Page
from inferencemax_spider.serve.problems import ProblemError

MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream"}
LASTING = "public, max-age=86400"
"""For the version of a name: it stays as it is, or is made again from the same raw files."""
MOVING = "public, no-cache"
"""For what a run may change at any moment: it may be kept, and has to be asked for again (with its ETag)."""


def chosen(page: Page, request: Request) -> str:
    """Return the format that the *request* asks for: by name, or by the header ``Accept``.

    Raises:
        ProblemError: it takes none of them.
    """
    if page.format:
        return page.format
    accepted = _accepted(request.headers.get("accept") or "*/*")
    qualities = {name: _quality(media_type, accepted) for name, media_type in MEDIA_TYPES.items()}
    best = max(qualities, key=lambda name: qualities[name])
    if qualities[best] <= 0:
        raise ProblemError(406, f"Accept takes none of {', '.join(MEDIA_TYPES.values())}")
    return best


def _accepted(header: str) -> dict[str, float]:
    """Return the media ranges of an ``Accept`` *header*, each with its quality."""
    ranges = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            ranges[name] = float(quality)
        except ValueError:
            ranges[name] = 0.0
    return ranges


def _quality(media_type: str, accepted: Mapping[str, float]) -> float:
    """Return the quality of the most specific range that *media_type* is in."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((accepted[name] for name in ranges if name in accepted), 0.0)


def etag(request: Request, kind: str, *states: str) -> str:
    """Return the ETag of the answer to *request* in the format *kind*, made of what is stored in these *states*."""
    parts = (__version__, request.url.path, request.url.query, kind, *states)
    return f'"{sha256(repr(parts).encode()).hexdigest()[:32]}"'


def unchanged(request: Request, tag: str) -> bool:
    """Tell whether whoever asks has the answer with this *tag* already."""
    header = request.headers.get("if-none-match", "")
    known = {part.strip().removeprefix("W/") for part in header.split(",")}
    return bool(known & {tag, "*"})


def answer(
    request: Request, tag: str, make: Callable[[], Response], *, moving: bool, place: str | None = None
) -> Response:
    """Return the answer that *make* gives, or that it has not changed.

    *moving* is one that a run may change at any moment; *place* is the address at which it stays.
    """
    reply = Response(status_code=304) if unchanged(request, tag) else make()
    reply.headers["ETag"] = tag
    reply.headers["Cache-Control"] = MOVING if moving else LASTING
    reply.headers["Vary"] = "Accept"
    if place:
        reply.headers["Content-Location"] = place
    return reply


def document(value: Any) -> Response:
    """Return *value* as JSON; what is no finite number is null."""
    return Response(to_json(value, inf_nan_mode="null"), media_type=MEDIA_TYPES["json"])


@dataclass(frozen=True)
class Part:
    """Rows of an answer: of *total* in all, with what JSON says *about* them, and the *link* to the next ones."""

    table: pa.Table
    total: int
    about: dict[str, Any]
    link: str | None


def rows(kind: str, page: Page, part: Part) -> Response:
    """Return the *part* that the *page* asks for, as *kind*."""
    body: bytes
    if kind == "json":
        paging = {"total": part.total, "limit": page.limit, "offset": page.offset, "next": part.link}
        body = to_json(part.about | paging | {"records": records(part.table)}, inf_nan_mode="null")
    elif kind == "csv":
        body = csv_header(part.table.column_names) + b"".join(csv_rows([part.table]))
    else:
        body = _stream(part.table)
    reply = Response(body, media_type=MEDIA_TYPES[kind])
    reply.headers["X-Total-Count"] = str(part.total)
    if part.link:
        reply.headers["Link"] = f'<{part.link}>; rel="next"'
    return reply


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of *table* as objects; missing is ``None``."""
    cells = (column.to_pylist() for column in table.columns)
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*cells, strict=True)]


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def next_page(request: Request, path: str, page: Page, total: int) -> str | None:
    """Return the address of the page after *page*, at *path*; ``None`` where this is the last."""
    offset = page.offset + page.limit
    if offset >= total:
        return None
    query = {**request.query_params, "limit": page.limit, "offset": offset}
    return f"{quote(path)}?{urlencode(query)}"
