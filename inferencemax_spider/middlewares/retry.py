"""Retry with back-off, at the pace that the server asks for.

Scrapy's own retry middleware asks again at once and ignores ``Retry-After``. This one waits, and it also retries
answers that arrived damaged (cut off, or not what their Content-Encoding says), since the next one may be whole.
"""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.utils.response import response_status_message

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

DAMAGED = frozenset({"dataloss", "undecodable"})
"""Response flags that stand for a body which is not as the server meant it."""
LOOK_UP_SECONDS = 0.2
"""How often a waiting retry looks whether the crawl is being stopped."""


def retry_after(response: Response, now: float) -> float | None:
    """Return the seconds that *response* asks to wait, given as a number or as a date; ``None`` if it does not say."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        # HTTP dates are in GMT, also in the old form that does not say so.
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return None


async def waited(crawler: Crawler, seconds: float) -> bool:
    """Wait; return false when the crawl was stopped meanwhile. What was waited is counted."""
    crawler.stats.inc_value("retry/waited_ms", round(seconds * 1000))
    left = seconds
    while crawler.crawling and left > 0:
        await asyncio.sleep(min(left, LOOK_UP_SECONDS))
        left -= LOOK_UP_SECONDS
    return crawler.crawling


def backoff(settings: BaseSettings, times: int) -> float:
    """Return the seconds to wait before retry number *times*, from 1."""
    own: float = settings.getfloat("RETRY_BACKOFF") * 2 ** (times - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
    return min(own, settings.getfloat("RETRY_WAIT_MAX"))


class BackoffRetryMiddleware(RetryMiddleware):
    """Retry up to ``RETRY_TIMES`` times, ``RETRY_BACKOFF`` × 2ⁿ seconds apart, or as long as ``Retry-After`` says.

    No single wait is longer than ``RETRY_WAIT_MAX`` seconds. What was waited stands in the stat ``retry/waited_ms``.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.longest = settings.getfloat("RETRY_WAIT_MAX")

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Return a retry for an answer that promises to be better next time, else the answer."""
        if request.meta.get("dont_retry", False):
            return response
        damage = DAMAGED.intersection(response.flags)
        if response.status not in self.retry_http_codes and not damage:
            return response
        reason = next(iter(damage), "") or response_status_message(response.status)
        return await self._later(request, reason, retry_after(response, time.time())) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:  # type: ignore[override]
        """Return a retry for a passing fault of the connection."""
        if not isinstance(exception, self.exceptions_to_retry) or request.meta.get("dont_retry", False):
            return None
        return await self._later(request, exception, None)

    async def _later(self, request: Request, reason: str | Exception, asked: float | None) -> Request | None:
        """Wait, then return the retry of *request*, or ``None`` when there is to be none."""
        again = self._retry(request, reason)
        if again is None:
            return None
        own = backoff(self.settings, again.meta["retry_times"])
        return again if await waited(self.crawler, own if asked is None else min(asked, self.longest)) else None
