"""Where a run writes: a hidden folder of its own, next to the versions that are published."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.extensions.base import RunExtension, require_endpoints
from inferencemax_spider.shards import folder_name
from inferencemax_spider.spiders.base import EndpointSpider
from inferencemax_spider.storage import opening, place, publishing
from inferencemax_spider.versions import store

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Workspace(RunExtension):
    """Claim ``OUTPUT_DIR/<spider>/.<version>.partial`` for this run, and hold a lock on it while the run lives.

    Attributes:
        version: the name that the run will be published under, its start in UTC.
        folder: the working folder; ``raw_folder`` is in it.
        published: the place of the version once it is published.
        stranded: why ``latest`` does not lead to what was published, if it should.
        new: whether what it publishes is a version that was not there before.
    """

    new = True

    def __init__(self, root: Path, started_at: datetime) -> None:
        self.started_at = started_at
        try:
            self.mirror = place.mirror_of(root)
            self.version, self.folder = publishing.claim(root, started_at)
            self._lock = store.lock(self.folder)
            self.raw_folder.mkdir()
        except OperationalError:
            raise
        except OSError as error:
            raise OperationalError(
                f"cannot write into {root}: {error.strerror}; make the folder writable or set OUTPUT_DIR"
            ) from error
        self.published: Path | None = None
        self.stranded: str | None = None
        if leftovers := [str(folder) for folder in store.unfinished(root)]:
            logger.warning(
                "Runs that did not finish (-a replay=FOLDER takes up what one had collected): %s", ", ".join(leftovers)
            )

    @property
    def raw_folder(self) -> Path:
        """The folder of the raw files."""
        return self.folder / "raw"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the workspace of *crawler*; other spiders than this project's have none."""
        spider = require_endpoints(crawler)
        assert isinstance(crawler.spider, EndpointSpider)
        name = folder_name(spider.name, crawler.spider.arguments.shard)
        return cls(opening.opened(crawler.settings, name) / name, datetime.now(UTC))

    def publish(self, *, move_latest: bool) -> bool:
        """Publish the working folder as its version; return whether ``latest`` leads to it now.

        Raises:
            OSError: it could not be published; the working folder stays.
        """
        self.published = publishing.publish(self.folder, self.version)
        self._release()
        try:
            return move_latest and publishing.point_latest(self.published)
        except OSError as error:
            self.stranded = f"it is published, but latest does not lead to it: {error.strerror or error}"
            return False

    def abandon(self) -> None:
        """Remove the working folder of a run that never started."""
        self.raw_folder.rmdir()
        self.folder.rmdir()
        self._release()
        publishing.release(self.folder.parent, self.version)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def uri_params(params: dict[str, Any], spider: Spider) -> dict[str, Any]:
    """Return *params* with ``run_dir``, the working folder of the run (the ``FEED_URI_PARAMS`` setting)."""
    return {**params, "run_dir": str(Workspace.of(spider.crawler).folder)}
