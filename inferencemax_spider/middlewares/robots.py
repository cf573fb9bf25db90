"""robots.txt, read before the first request and obeyed by every one.

With several first requests at once, Scrapy's own middleware lets all but one through before the rules have arrived
(they wait for one Deferred, whose result is spent by the first), and logs a traceback when the site is down.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

HTTP_OK = 200
SERVER_ERROR = 500


class PatientRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Hold every request back until the rules of its site are known. A missing robots.txt allows everything."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._rules: dict[str, asyncio.Future[RobotParser | None]] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of the site of *request*, asked for once."""
        url = urlparse_cached(request)
        if url.netloc not in self._rules:
            self._rules[url.netloc] = asyncio.ensure_future(self._fetched(f"{url.scheme}://{url.netloc}/robots.txt"))
        return await self._rules[url.netloc]

    async def _fetched(self, url: str) -> RobotParser | None:
        request = Request(
            url,
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, "max_retry_times": 1},
            callback=NO_CALLBACK,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the endpoints will meet it too and name it
            logger.warning("No rules from %s (%s): asking as if there were none", url, type(error).__name__)
            return None
        if response.status >= SERVER_ERROR:
            logger.warning("No rules from %s (HTTP %d): asking as if there were none", url, response.status)
        if response.status != HTTP_OK:
            return None
        return build_from_crawler(self._parserimpl, self.crawler, response.body)
