"""Redirects that stay on the site: data of another host must never stand under this one's name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import ParseResult

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.utils.httpobj import urlparse_cached

if TYPE_CHECKING:
    from scrapy.http import Response

DEFAULT_PORTS = {"http": 80, "https": 443}


class SameSiteRedirectMiddleware(RedirectMiddleware):
    """Follow redirects within the site; hand one that leads elsewhere to the spider as it is."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Return the request that *response* redirects to, or *response*."""
        try:
            result = super().process_response(request, response)
        except ValueError:  # where it leads to is no address
            return response
        if isinstance(result, Request) and not _same_site(urlparse_cached(request), urlparse_cached(result)):
            return response
        return result


def _same_site(ours: ParseResult, theirs: ParseResult) -> bool:
    """Tell whether two URLs are of one host, on the same port or each on its scheme's default (http to https)."""
    if ours.hostname != theirs.hostname:
        return False
    defaults = all((url.port or DEFAULT_PORTS[url.scheme]) == DEFAULT_PORTS[url.scheme] for url in (ours, theirs))
    return defaults or ours.port == theirs.port
