"""What every request passes through: bounds, HEAD, and headers that keep browsers from guessing."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inferencemax_spider.serve.problems import response

LONGEST_URL = 8_000
AT_ONCE = 256
"""How many requests may be under way or wait; the next are asked to come again."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Guard:
    """The outermost part of the service, around *app*."""

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE) -> None:
        self.app = app
        self.at_once = at_once
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.under_way += 1
        try:
            # The server takes the body away from an answer to HEAD; the request itself is one like any other.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            await self._passed({**scope, "method": method}, receive, _with_headers(send))
        finally:
            self.under_way -= 1

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.app
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_URL:
            app = response(414, f"the address is longer than {LONGEST_URL} bytes")
        elif self.under_way > self.at_once:
            app = response(503, f"more than {self.at_once} requests at once; try again", {"Retry-After": "1"})
        await app(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
