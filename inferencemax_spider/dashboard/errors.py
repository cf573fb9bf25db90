"""What goes wrong with a page, in one line that names the step and the cause."""

from __future__ import annotations

import re

NETWORK = {
    "ERR_CONNECTION_REFUSED": "connection refused: nothing listens there; check base_url",
    "ERR_NAME_NOT_RESOLVED": "the host is not known; check base_url and the network",
    "ERR_INTERNET_DISCONNECTED": "this machine has no network",
    "ERR_CONNECTION_TIMED_OUT": "no connection in time; check base_url and the network",
    "ERR_CONNECTION_RESET": "the site closed the connection",
    "ERR_CONNECTION_CLOSED": "the site closed the connection",
    "ERR_EMPTY_RESPONSE": "the site closed the connection without an answer",
    "ERR_CONTENT_LENGTH_MISMATCH": "the connection was closed before the whole body had come",
    "ERR_INCOMPLETE_CHUNKED_ENCODING": "the connection was closed before the whole body had come",
    "ERR_CONTENT_DECODING_FAILED": "the body is not what its Content-Encoding says, or was cut off",
    "ERR_TOO_MANY_REDIRECTS": "it redirects without end",
    "ERR_BLOCKED_BY_CLIENT": "it leads to another host, which was not followed",
    "ERR_ABORTED": "the page gave it up",
    "ERR_CERT": "the TLS certificate cannot be verified; DOWNLOAD_VERIFY_CERTIFICATES=0 trusts it as it is",
}
"""Chromium's names of network errors, and what they mean to a user."""

GONE = ("has been closed", "crashed", "Connection closed", "browser has disconnected")
"""What Playwright says when the page, or the browser, is not there any more."""

MUST_WAIT = "Timeout"


class PageError(Exception):
    """A step on the page that did not succeed.

    ``again`` tells whether trying the same on a newly loaded page may help: a slow answer may be quicker then, while a
    control that is not there stays away.
    """

    def __init__(self, step: str, cause: str, *, again: bool = False) -> None:
        super().__init__(f"{step}: {cause}")
        self.again = again


class StoppedError(Exception):
    """The crawl is being stopped: what was not collected is not waited for."""


def is_playwrights(error: Exception) -> bool:
    """Tell whether *error* is one of Playwright, which is not imported for that: it is an extra."""
    return type(error).__module__.startswith("playwright")


def explained(error: Exception, seconds: float) -> str:
    """Return what Playwright's *error* means; *seconds* is how long it waited at most.

    >>> explained(Exception("Page.goto: net::ERR_CONNECTION_REFUSED at http://127.0.0.1:9/"), 30)
    'connection refused: nothing listens there; check base_url'
    """
    text = " ".join(str(error).split())
    if named := re.search(r"net::(ERR_[A-Z_]+)", text):
        return next((meaning for name, meaning in NETWORK.items() if named[1].startswith(name)), named[1])
    if MUST_WAIT in text and "exceeded" in text:
        return f"not within {seconds:g} s; raise DOWNLOAD_TIMEOUT"
    if any(sign in text for sign in GONE):
        return "the browser, or its page, crashed or was closed"
    return text.partition(" Call log:")[0][:300]
