"""What a run noted in the summary next to its raw files: for its replay, what the raw files cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.items import Endpoint
from inferencemax_spider.versions.stored import StoredVersion


def arguments(raw: Path) -> dict[str, str] | None:
    """Return the arguments of the run that stored the folder *raw*; ``None`` if it left no summary that says so."""
    try:
        return StoredVersion(raw.parent).summary.get("arguments")
    except OperationalError:
        return None


def unanswered(raw: Path) -> list[dict[str, Any]]:
    """Return what that run noted of each endpoint that it asked and that did not answer: there is no raw file of it."""
    try:
        details = StoredVersion(raw.parent).summary["endpoint_details"]
        return [detail for detail in details if detail["state"] == "failed" and detail["sha256"] is None]
    except (OperationalError, KeyError, TypeError):
        return []


def cause(endpoint: Endpoint, raw: Path) -> dict[str, Any] | None:
    """Return what was noted of *endpoint* if it did not answer, wherever the site was then."""
    return next((detail for detail in unanswered(raw) if _asks_for(detail) == _asked(endpoint)), None)


def _asks_for(detail: dict[str, Any]) -> tuple[str, ...]:
    return detail["model"], detail["sequence"], detail["data_type"], *_tail(detail["url"])


def _asked(endpoint: Endpoint) -> tuple[str, ...]:
    return endpoint.model, endpoint.sequence, endpoint.data_type, *_tail(endpoint.url)


def _tail(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path.rpartition("/")[2], parts.query
