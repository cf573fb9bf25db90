"""What a page asks for, and what it is answered, byte for byte.

Bodies are taken where Chromium hands them to the page (the Fetch domain of its debugging protocol, at the stage of the
response). Playwright's ``response.body()`` will not do: it leaves out a byte order mark, and loses bodies beyond 10 MB.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit
from weakref import WeakKeyDictionary

from inferencemax_spider.dashboard.errors import PageError

if TYPE_CHECKING:
    from playwright.async_api import (
        BrowserContext,
        CDPSession,
        ConsoleMessage,
        Frame,
        Page,
        Request,
        Route,
        WebSocketRoute,
    )

DATA_PATHS = ("/api/", "/data/")
"""Where the site's data is, in either generation."""
NEEDLESS = frozenset({"image", "media", "font", "ping", "other", "texttrack"})
"""What a page loads that shows nothing of the data."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LINES = 2000
WIDTH = 500

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the site answered to one request of the page; without a ``status`` there was none, for the ``cause``."""

    url: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    cause: str = ""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Recorder:
    """Watch a page of the site at *root*; let nothing through that is needless or leads to another host.

    Attributes:
        asked: URLs of data that the page asked for, in order, one entry for each time.
        answers: the newest answer to each of them.
        document: the newest answer to the page itself.
        loads: how often the page was loaded.
        log: what page and network said, one line each; the oldest go first.
    """

    def __init__(self, root: str, largest: int) -> None:
        self.root = root
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(root))
        self.largest = largest
        self.asked: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.document: Answer | None = None
        self.loads = 0
        self.log: deque[str] = deque(maxlen=LINES)
        self.gone = ""
        self._began = time.monotonic()
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        # Answers whose end is not known yet: that a body was cut off is told only when it should have been whole.
        self._taken: dict[str, Answer] = {}
        # Why we did not let the browser load a body.
        self._refused: dict[str, str] = {}

    async def attach(self, page: Page) -> None:
        """Watch *page*, which has not loaded anything yet."""
        await page.route("**", self._routed)
        # Windows that the page opens, until they are closed.
        await page.context.unroute("**")
        await page.context.route("**", self._routed)
        await self._guard(page.context)
        page.on("request", self._requested)
        page.on("requestfinished", self._finished)
        page.on("requestfailed", self._failed)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.note(f"page error: {error}"))
        page.on("popup", lambda popup: self._do(popup.close()))
        page.on("framenavigated", self._navigated)
        page.on("crash", lambda _: self._lost("the page crashed"))
        page.on("close", lambda _: self._lost("the browser, or its page, crashed or was closed"))
        session = await page.context.new_cdp_session(page)
        session.on("Fetch.requestPaused", lambda event: self._do(self._paused(session, event)))
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": "Response"}]})

    def note(self, line: str) -> None:
        """Write *line* into the log."""
        self.log.append(f"{time.monotonic() - self._began:8.3f} {' '.join(line.split())[:WIDTH]}")

    async def until(self, found: Callable[[], T | None], seconds: float) -> T | None:
        """Wait until *found* returns something, at most *seconds*; return that, or ``None``.

        Raises:
            PageError: the page is not there any more.
        """
        deadline = time.monotonic() + seconds
        while (result := found()) is None:
            if self.gone:
                raise PageError("wait for the page", self.gone, again=True)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue
        return result

    def answer_at(self, path: str) -> Answer | None:
        """Return the answer to what the page asked for at *path*, if it has come."""
        return next((answer for url, answer in self.answers.items() if urlsplit(url).path == path), None)

    async def _routed(self, route: Route) -> None:
        """Let a request of the page pass, unless it is needless or goes to another host."""
        request = route.request
        if self._is_ours(request.url) and request.resource_type not in NEEDLESS:
            await route.fallback()
        else:
            self.note(f"blocked {request.resource_type} {request.url}")
            await route.abort("blockedbyclient")

    async def _guard(self, context: BrowserContext) -> None:
        """Be asked about the WebSockets of *context*, which requests' routes are not asked about."""

        async def routed(socket: WebSocketRoute) -> None:
            await _WATCHED[context].dialled(socket)

        # One route for all pages to come, since such routes cannot be taken back: it asks whoever watches then.
        is_guarded = context in _WATCHED
        _WATCHED[context] = self
        if not is_guarded:
            await context.route_web_socket("**", routed)

    async def dialled(self, socket: WebSocketRoute) -> None:
        """Let a *socket* of the page pass, unless it leads to another host."""
        if self._is_ours(socket.url.replace("ws", "http", 1)):
            socket.connect_to_server()
        else:
            self.note(f"blocked websocket {socket.url}")
            await socket.close()

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(self.root)[:2] or url.startswith(("data:", "blob:"))

    def _is_data(self, url: str) -> bool:
        return url.startswith(tuple(f"{self.origin}{path}" for path in DATA_PATHS))

    def _requested(self, request: Request) -> None:
        self.note(f"request {request.method} {request.url}")
        if self._is_data(request.url):
            self.asked.append(request.url)
            if request.url in self.answers and self.answers[request.url].cause:
                del self.answers[request.url]
            self._news.set()

    def _finished(self, request: Request) -> None:
        if answer := self._taken.pop(request.url, None):
            self.note(f"answer {answer.status} {answer.url} of {len(answer.body)} bytes")
            self._keep(answer)

    def _failed(self, request: Request) -> None:
        self.note(f"failed {request.url}: {request.failure}")
        self._taken.pop(request.url, None)
        # What the page gave up itself it may ask for again: after it was loaded anew, say.
        if self._is_data(request.url) and "ERR_ABORTED" not in (request.failure or ""):
            cause = self._refused.pop(request.url, "") or request.failure or "no answer"
            self._keep(Answer(request.url, cause=cause))

    def _said(self, message: ConsoleMessage) -> None:
        self.note(f"console {message.type}: {message.text}")

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self.loads += 1
            self.note(f"loaded {frame.url}")

    def _lost(self, cause: str) -> None:
        self.gone = cause
        self.note(cause)
        self._news.set()

    def _keep(self, answer: Answer) -> None:
        self.answers[answer.url] = answer
        self._news.set()

    async def _paused(self, session: CDPSession, event: dict[str, Any]) -> None:
        """Keep the answer that Chromium is about to hand to the page, and hand it on."""
        url, document, headers = event["request"]["url"], event["resourceType"] == "Document", _headers(event)
        if self._leads_away(event.get("responseStatusCode"), url, headers):
            self.note(f"blocked {url}, which leads to {headers['location']}")
            await session.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "BlockedByClient"})
            return
        if self._is_data(url) and self._is_too_large(_length(headers)):
            self._refused[url] = self._too_large
            await session.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "BlockedByClient"})
            return
        if "responseStatusCode" in event and (document or self._is_data(url)):
            answer = await self._read(session, event, headers)
            if document:
                self.document = answer
            else:
                self._taken[url] = answer
        await session.send("Fetch.continueRequest", {"requestId": event["requestId"]})

    def _leads_away(self, status: int | None, url: str, headers: Mapping[str, str]) -> bool:
        """Tell whether an answer sends the browser to another host: of redirects, Playwright's routes are not asked."""
        return status in REDIRECTS and not self._is_ours(urljoin(url, headers.get("location", "")))

    async def _read(self, session: CDPSession, event: dict[str, Any], headers: Mapping[str, str]) -> Answer:
        """Return the answer whose arrival *event* tells of."""
        url, status = event["request"]["url"], event["responseStatusCode"]
        if status in REDIRECTS:  # it has no body to be taken
            return Answer(url, status, headers)
        try:
            reply = await session.send("Fetch.getResponseBody", {"requestId": event["requestId"]})
        except Exception as error:  # noqa: BLE001 - whatever Chromium says of it, the body is not whole
            return Answer(url, cause=str(error))
        body = base64.b64decode(reply["body"]) if reply["base64Encoded"] else reply["body"].encode()
        if self._is_too_large(len(body)):
            return Answer(url, cause=self._too_large)
        return Answer(url, status, headers, body)

    def _is_too_large(self, length: int) -> bool:
        return 0 < self.largest < length

    @property
    def _too_large(self) -> str:
        return f"body larger than {self.largest} bytes; raise DOWNLOAD_MAXSIZE"

    def _do(self, work: Any) -> None:
        """Do *work* besides; that it comes too late for a page that is gone is told elsewhere."""
        task = asyncio.ensure_future(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Any) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - Playwright's own kind is an extra, and its reason stands in the log
            self.note(f"too late: {error}")


_WATCHED: WeakKeyDictionary[BrowserContext, Recorder] = WeakKeyDictionary()
"""Who watches the newest page of each context."""


def _length(headers: Mapping[str, str]) -> int:
    """Return how long a body is to be, as far as its *headers* say so."""
    said = headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"].lower(): entry["value"] for entry in event.get("responseHeaders", ())}
