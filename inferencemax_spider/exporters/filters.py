"""Item filters of the standard feeds: which captures go into which file."""

from __future__ import annotations

from typing import Any

from scrapy.extensions.feedexport import ItemFilter

from inferencemax_spider.items import EndpointCapture


class RejectedFilter(ItemFilter):
    """Accept the captures that hold rejected records."""

    def accepts(self, item: Any) -> bool:
        """Tell whether *item* goes into the feed."""
        return isinstance(item, EndpointCapture) and bool(item.rejections)


class FailedFilter(ItemFilter):
    """Accept the captures that brought no records: failed, invalid or empty."""

    def accepts(self, item: Any) -> bool:
        """Tell whether *item* goes into the feed."""
        return isinstance(item, EndpointCapture) and item.state != "ok"


class DatasetFilter(ItemFilter):
    """Accept the captures of the ``dataset`` that the feed's options name."""

    def accepts(self, item: Any) -> bool:
        """Tell whether *item* goes into the feed."""
        wanted = (self.feed_options or {}).get("dataset")
        return isinstance(item, EndpointCapture) and item.endpoint.dataset == wanted and item.state == "ok"
