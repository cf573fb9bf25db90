"""A spider that cannot run on this machine, as one whose extra is not installed; given by ``SPIDER_MODULES``."""

from __future__ import annotations

from typing import Any, Self

from scrapy.crawler import Crawler

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.spiders.inferencex import InferencexSpider

MISSING = "it needs a thing that is not here: pip install 'inferencemax-spider[thing]'"


class BarredSpider(InferencexSpider):
    """Collects nothing."""

    name = "barred"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        del crawler, args, kwargs
        raise OperationalError(MISSING)
