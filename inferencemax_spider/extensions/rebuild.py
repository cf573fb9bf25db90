"""Where a rebuild writes: next to the version whose outputs it makes again, then into it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.extensions.base import require_endpoints
from inferencemax_spider.extensions.workspace import Workspace
from inferencemax_spider.storage import place
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

COLLECTED = ("version", "site", "arguments", "carried_over", "timings", "collected_by", "why", "candidates")
COLLECTED_OF_ENDPOINT = ("curl", "replayed_from")
"""What a summary says of how the data was collected: making the outputs again does not change it."""


class Rebuild(Workspace):
    """The workspace of ``scrapy rebuild``: it puts the outputs into the version that ``REBUILD_VERSION`` names.

    The raw files are left as they are. A result that is worse than what is there (the run failed, or it has fewer
    records) is not put in its place, unless ``REBUILD_FORCE`` is set; ``refusal`` then says why.
    """

    new = False

    def __init__(self, stored: StoredVersion, *, force: bool) -> None:
        self.stored = stored
        self.force = force
        self.refusal: str | None = None
        self.started_at = datetime.now(UTC)
        self.version = stored.name
        self.published = None
        self.stranded = None
        self.mirror = place.mirror_of(stored.folder.parent)
        self.folder = store.rebuild_folder(stored.folder)
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir()
            self._lock = store.lock(self.folder)
        except OSError as error:
            raise OperationalError(
                f"cannot write into {self.folder.parent}: {error.strerror}; make the folder writable"
            ) from error

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the workspace of *crawler*."""
        require_endpoints(crawler)
        settings = crawler.settings
        return cls(StoredVersion(Path(settings["REBUILD_VERSION"])), force=settings.getbool("REBUILD_FORCE"))

    def publish(self, *, move_latest: bool) -> bool:
        """Put the outputs into the version, unless they are worse; ``latest`` stays where it is.

        Raises:
            OSError: they could not be moved there; each file is the old or the new one, and a rebuild mends that.
        """
        del move_latest
        made = json.loads((self.folder / SUMMARY).read_text(encoding="utf-8"))
        self.refusal = None if self.force else _worse(made, self.stored.summary)
        if self.refusal:
            return False
        self._install(made)
        self.published = self.stored.folder
        self._release()
        return False

    def abandon(self) -> None:
        """Remove the working folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def _install(self, made: dict[str, Any]) -> None:
        summary = _combined(made, self.stored.summary, datetime.now(UTC))
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (self.folder / SUMMARY).write_text(f"{text}\n", encoding="utf-8")
        obsolete = self.stored.summary["files"].keys() - summary["files"].keys()
        if self.mirror:
            self.mirror.replace(self.version, self.folder, store.names(self.folder), obsolete)
        store.install(self.folder, self.stored.folder, obsolete, last=SUMMARY)
        shutil.rmtree(self.folder)


def _worse(made: dict[str, Any], stored: dict[str, Any]) -> str | None:
    """Return why the run with the summary *made* is no replacement for the one with the summary *stored*."""
    if made["status"] == "failed":
        return "nothing usable could be made of its raw files"
    if made["records"] < stored["records"]:
        return f"it would have {made['records']} records instead of {stored['records']}"
    return None


def _combined(made: dict[str, Any], stored: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the summary of a rebuilt version: what was *made*, and how it was collected, as *stored*."""
    origins = {
        detail["url"]: {name: detail[name] for name in COLLECTED_OF_ENDPOINT} for detail in stored["endpoint_details"]
    }
    kept = {name: entry for name, entry in stored["files"].items() if name.startswith(("raw/", "evidence/"))}
    return {
        **made,
        **{name: stored[name] for name in COLLECTED if name in stored},
        "rebuilt_at": now.isoformat(),
        "endpoint_details": [detail | origins.get(detail["url"], {}) for detail in made["endpoint_details"]],
        "files": dict(sorted({**made["files"], **kept}.items())),
    }
