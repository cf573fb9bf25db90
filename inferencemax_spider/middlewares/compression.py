"""Decompression that does not hide damage.

Scrapy's own middleware returns what it could read of a cut-off gzip body, and drops a body that it cannot read. Here
both reach the spider as they were received, flagged ``undecodable``, so that they are retried, named and kept.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

if TYPE_CHECKING:
    from scrapy import Request

UNDECODABLE = "undecodable"


class StrictCompressionMiddleware(HttpCompressionMiddleware):
    """Ask for gzip and decode whole bodies; pass damaged ones on, untouched and flagged ``undecodable``."""

    def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Ask for the one encoding that the site uses, and whose damage shows."""
        request.headers.setdefault("Accept-Encoding", "gzip")

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Return *response* decoded, or flagged when its body is not what its Content-Encoding says.

        Raises:
            IgnoreRequest: the body is larger than ``DOWNLOAD_MAXSIZE`` when decoded.
        """
        try:
            decoded = super().process_response(request, _plain(response))
            whole = not _is_gzip(response) or _is_whole(response.body, decoded.body)
        except IgnoreRequest:
            raise
        except Exception:  # noqa: BLE001 - each decoder has its own way of saying that it cannot go on
            whole = False
        return decoded if whole else response.replace(flags=[*response.flags, UNDECODABLE])


def _plain(response: Response) -> Response:
    """Return a copy of *response*, whose headers may then be changed, that does not take its body for text.

    Of a text response, Scrapy would guess the encoding: of a body that is still compressed, and at some cost.
    """
    return Response(**{name: getattr(response, name) for name in Response.attributes})


def _is_gzip(response: Response) -> bool:
    return (response.headers.get("Content-Encoding") or b"").strip().lower() in {b"gzip", b"x-gzip"}


def _is_whole(compressed: bytes, decoded: bytes) -> bool:
    """Tell whether *decoded* is all of *compressed*: its trailer says so, or a strict reading of all its members."""
    trailer = zlib.crc32(decoded).to_bytes(4, "little") + (len(decoded) & 0xFFFFFFFF).to_bytes(4, "little")
    return compressed.endswith(trailer) or gzip.decompress(compressed) == decoded
