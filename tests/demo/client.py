"""A plain HTTP client: it follows nothing, decodes nothing and hides nothing."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 60
"""Seconds after which a client takes the site for dead; no test waits for it to pass."""


@dataclass(frozen=True)
class Reply:
    """A whole answer; ``headers`` have names in lower case, ``body`` is as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


def connect(url: str, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """Return a connection to the host of *url*."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=context)
    return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)


def ask(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> Reply:
    """Return the whole answer to a GET of *path* on *connection*, or to another *method*."""
    connection.request(method, path, headers=headers or {})
    response = connection.getresponse()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def get(url: str, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None) -> Reply:
    """Return the whole answer to a GET of *url* on a connection of its own."""
    with closing(connect(url, context)) as connection:
        return ask(connection, url[len(url) - len(urlsplit(url).path) :], headers)
