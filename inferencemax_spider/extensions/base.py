"""What the extensions of this project share: there is one of each per run, for its own spiders, and others find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import NotConfigured

from inferencemax_spider.spiders.base import EndpointSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class RunExtension:
    """An extension that other components of the same run look up with :meth:`of`."""

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return the one of *crawler*.

        Raises:
            NotConfigured: it has none, so that components which need one stay disabled.
        """
        if (extension := crawler.get_extension(cls)) is None:
            raise NotConfigured
        return extension


def require_endpoints(crawler: Crawler) -> type[EndpointSpider]:
    """Return the spider class of *crawler*.

    Raises:
        NotConfigured: it is not one of this project's spiders.
    """
    if not issubclass(crawler.spidercls, EndpointSpider):
        raise NotConfigured
    return crawler.spidercls
