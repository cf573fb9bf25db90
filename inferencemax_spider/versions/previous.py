"""The version before: what of it still holds, so that it need not be asked for again."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from inferencemax_spider import envelope
from inferencemax_spider.catalog import API_MODELS
from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.discovery import Availability
from inferencemax_spider.versions.store import LATEST
from inferencemax_spider.versions.stored import StoredVersion


class Previous:
    """The latest version under *root*, and what the site said then of what it has."""

    def __init__(self, root: Path) -> None:
        self.raw = root / LATEST / "raw"
        try:
            if (root / LATEST).is_dir():
                StoredVersion((root / LATEST).resolve()).raw_files()
            self.available = Availability.read(envelope.read(self.raw / "availability.json")[1])
        except (OSError, ValueError, BodyError):
            self.available = Availability()

    def holds(self, endpoint: Endpoint, available: Availability) -> bool:
        """Tell whether the answer of *endpoint* is stored and nothing of its model is new since.

        The model keys that matter are those of the stored rows, and those that the site has added to them.
        """
        metadata = envelope.metadata_of(self.raw / endpoint.file_name)
        if metadata is None or metadata["state"] != "ok" or _request(metadata["url"]) != _request(endpoint.url):
            return False
        keys = {*metadata["newest"], *API_MODELS.get(endpoint.model, ())}
        return bool(keys) and self.available.fingerprint(keys) == available.fingerprint(keys)


def _request(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path, parts.query
