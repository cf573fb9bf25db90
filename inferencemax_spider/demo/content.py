"""What the demo site can publish: a generated dataset, or a folder of recorded bodies.

Content is anything with ``get(path, query)``. Another generation of the site is another class here; the server, the
faults and the command line do not change.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inferencemax_spider.demo.dataset import Dataset

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
CONTENT_TYPES: Final = {
    ".json": JSON,
    ".html": HTML,
    ".txt": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Resource:
    """An answer as it should be sent: ``headers`` are those beyond type and length of the body.

    With ``always_gzip`` the body is sent compressed whatever the client accepts.
    """

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    always_gzip: bool = False
    compresslevel: int = 6

    @cached_property
    def gzipped(self) -> bytes:
        """The body compressed, always to the same bytes."""
        return gzip.compress(self.body, compresslevel=self.compresslevel, mtime=0)


def script_json(document: object) -> str:
    """Return *document* as JSON that cannot end the script element it stands in."""
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")


class Content(Protocol):
    """A tree of resources; asked by many threads at once."""

    def get(self, path: str, query: str) -> Resource | None:
        """Return what is at *path* (decoded, from the root) with the raw *query*, or None when nothing is."""


class GeneratedContent:
    """The static JSON bodies of a dataset, each generated when it is first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        """Publish *dataset*."""
        self._dataset = dataset
        self._endpoints = dataset.paths()
        self._resources: dict[str, Resource] = {}

    def get(self, path: str, query: str) -> Resource | None:  # noqa: ARG002 - static files have no query
        """Return the body at *path*, or None for a path that is not an endpoint."""
        if path not in self._resources and path in self._endpoints:
            self._resources[path] = Resource(self._dataset.body(*self._endpoints[path]))
        return self._resources.get(path)


class FolderContent:
    """The files of a folder that is laid out by URL path, read again for each request."""

    def __init__(self, root: Path) -> None:
        """Publish the files under *root*.

        Raises:
            NotADirectoryError: *root* is not a folder.
        """
        self._root = root.resolve()
        if not self._root.is_dir():
            raise NotADirectoryError(f"not a folder: {root}")

    def get(self, path: str, query: str) -> Resource | None:  # noqa: ARG002 - static files have no query
        """Return the file at *path*, or None when there is none inside the folder."""
        found = self._inside(path)
        if found is None:
            return None
        return Resource(found.read_bytes(), CONTENT_TYPES.get(found.suffix, "application/octet-stream"))

    def _inside(self, path: str) -> Path | None:
        """Return the file that *path* means, unless dots or symbolic links lead out of the folder."""
        try:
            found = (self._root / path.lstrip("/")).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        return found if found.is_relative_to(self._root) and found.is_file() else None


class LayeredContent:
    """Several contents on one site: each path is that of the first content that has something there."""

    def __init__(self, *layers: Content) -> None:
        """Publish *layers*."""
        self._layers = layers

    def get(self, path: str, query: str) -> Resource | None:
        """Return what the first layer has at *path* with *query*, or None when no layer has anything."""
        return next((found for layer in self._layers if (found := layer.get(path, query)) is not None), None)
