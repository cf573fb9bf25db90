"""Why a fetch failed, in one line that names the cause and the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from pydantic_core import from_json
from scrapy import exceptions
from scrapy.settings import BaseSettings

from inferencemax_spider.errors import one_line
from inferencemax_spider.items import Endpoint, FetchFailure, Served

BAD_CERTIFICATE = ("certificate verify failed", "VerificationError")
"""What OpenSSL says of a chain that it does not trust, and service_identity of a certificate for another host."""

FORBIDDEN = "forbidden by the site's robots.txt; ROBOTSTXT_OBEY says whether it is obeyed"

EVIDENCE = "evidence"
"""Folder of a version that holds what a page showed when something failed."""
_POINTER = re.compile(rf"; see {EVIDENCE}/[^/]+\.\*\Z")

Explain = Callable[[Exception, Endpoint, BaseSettings], str]


def of_status(served: Served) -> FetchFailure | None:
    """Return the failure that an HTTP status other than 200 is, or ``None``."""
    if served.status == HTTPStatus.OK:
        return None
    phrase = HTTPStatus(served.status).phrase if served.status in set(HTTPStatus) else "unknown status"
    hints = [f"HTTP {served.status} {phrase}"]
    if "html" in served.content_type:
        hints.append("an HTML page where JSON was expected")
    if served.status == HTTPStatus.NOT_FOUND:
        hints.append("the site has no such path; check base_url")
    if served.location:
        hints.append(f"it leads to {one_line(served.location)}, which is not this site and was not followed")
    if served.status == HTTPStatus.TOO_MANY_REQUESTS:
        hints.append("lower CONCURRENT_REQUESTS_PER_DOMAIN or raise DOWNLOAD_DELAY")
    if said := _said(served):
        hints.append(f"the site says: {said}")
    return FetchFailure("; ".join(hints), status=served.status)


def pointing(reason: str, stem: str) -> str:
    """Return the *reason* of a failure, with where the evidence of it is: the files called *stem*.

    >>> pointing("HTTP 500", "page")
    'HTTP 500; see evidence/page.*'
    """
    return f"{reason}; see {EVIDENCE}/{stem}.*"


def without_pointer(reason: str) -> str:
    """Return a *reason* that another version gives, without where the evidence is there.

    >>> without_pointer(pointing("HTTP 500", "page"))
    'HTTP 500'
    """
    return _POINTER.sub("", reason)


def _said(served: Served) -> str:
    """Return the message of an ``{"error": …}`` body."""
    try:
        document = from_json(served.body)
    except ValueError:
        return ""
    return (
        one_line(" ".join(str(document["error"]).split())) if isinstance(document, dict) and "error" in document else ""
    )


def of_exception(error: Exception, endpoint: Endpoint, settings: BaseSettings) -> FetchFailure:
    """Return the failure that *error* is."""
    explain = next(explain for kind, explain in EXPLANATIONS if isinstance(error, kind))
    return FetchFailure(explain(error, endpoint, settings), exception=type(error).__name__)


def _host(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.url).netloc


def _refused(_: Exception, endpoint: Endpoint, __: BaseSettings) -> str:
    return f"connection refused by {_host(endpoint)}: nothing listens there; check base_url"


def _unresolved(_: Exception, endpoint: Endpoint, __: BaseSettings) -> str:
    return f"the host {_host(endpoint)} is not known; check base_url and the network"


def _timed_out(_: Exception, __: Endpoint, settings: BaseSettings) -> str:
    return f"no whole answer within {settings.getfloat('DOWNLOAD_TIMEOUT'):g} s; raise DOWNLOAD_TIMEOUT"


def _too_large(_: Exception, __: Endpoint, settings: BaseSettings) -> str:
    return f"body larger than {settings.getint('DOWNLOAD_MAXSIZE')} bytes; raise DOWNLOAD_MAXSIZE"


def _ignored(error: Exception, endpoint: Endpoint, settings: BaseSettings) -> str:
    if "DOWNLOAD_MAXSIZE" in str(error):
        return _too_large(error, endpoint, settings)
    if "robots.txt" in str(error):
        return FORBIDDEN
    return str(error) or "the request was dropped"


def _broken_off(error: Exception, endpoint: Endpoint, _: BaseSettings) -> str:
    if any(sign in str(error) for sign in BAD_CERTIFICATE):
        return (
            f"the TLS certificate of {_host(endpoint)} cannot be verified; "
            "install its authority, or trust it as it is with DOWNLOAD_VERIFY_CERTIFICATES=0"
        )
    return f"{_host(endpoint)} closed the connection without a whole answer"


def _other(error: Exception, _: Endpoint, __: BaseSettings) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


EXPLANATIONS: tuple[tuple[type[Exception], Explain], ...] = (
    (exceptions.DownloadConnectionRefusedError, _refused),
    (exceptions.CannotResolveHostError, _unresolved),
    (exceptions.DownloadTimeoutError, _timed_out),
    # Scrapy cancels a download for one reason only: its size.
    (exceptions.DownloadCancelledError, _too_large),
    (exceptions.IgnoreRequest, _ignored),
    (exceptions.DownloadFailedError, _broken_off),
    (Exception, _other),
)
