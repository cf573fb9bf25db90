"""The embedded site: serves content over HTTP on a loopback port, with the faults that it is told to have."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from ssl import SSLContext, SSLError
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

from inferencemax_spider.demo.content import Content, Resource
from inferencemax_spider.demo.damage import DAMAGE, html_page
from inferencemax_spider.demo.faults import ROBOTS, Fault, FaultPlan
from inferencemax_spider.demo.transport import SENDERS, Answer, send

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

RULES: Final = Resource(b"User-agent: *\nAllow: /\n", "text/plain; charset=utf-8")
NOT_FOUND: Final = html_page("404: This page could not be found.", HTTPStatus.NOT_FOUND)
POLL: Final = 0.02
"""Seconds between two looks of the listening thread at whether it should stop."""


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it arrived.

    ``path`` is decoded, ``query`` raw; ``headers`` have names in lower case; ``time`` is that of ``time.monotonic()``
    in seconds; ``count`` says how many requests of this path and query there have been, with this one.
    """

    path: str
    query: str
    headers: dict[str, str]
    time: float
    count: int


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "InferenceMAXDemo"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Give the connection up when nothing is asked on it for a while."""
        super().setup()
        self.connection.settimeout(self.server.site.idle_seconds)

    def handle(self) -> None:
        """Answer until either side has enough; a client that leaves is no error."""
        with suppress(ConnectionError, SSLError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request, with the faults that are due."""
        site = self.server.site
        raw, _, query = self.path.partition("?")
        path = unquote(raw)
        site.log(path, query, {name.lower(): value for name, value in self.headers.items()})
        faults = site.faults.due(f"{path}?{query}" if query else path)
        self.pause(site.latency + sum(fault.seconds for fault in faults if fault.kind == "latency"))
        resource = site.resource(path, query)
        for fault in faults:
            resource = DAMAGE[fault.kind](resource, fault) if fault.kind in DAMAGE else resource
        self._send(self._encoded(resource), [fault for fault in faults if fault.kind in SENDERS])

    def _encoded(self, resource: Resource) -> Answer:
        """Return the answer that carries *resource*, compressed if both sides want that and no fault did it."""
        headers = {"Content-Type": resource.content_type, **resource.headers}
        accepted = self.server.site.gzip and "gzip" in self.headers.get("Accept-Encoding", "")
        wanted = resource.always_gzip or accepted
        if not wanted or not resource.body or "Content-Encoding" in headers:
            return Answer(resource.status, headers, resource.body)
        return Answer(resource.status, {**headers, "Content-Encoding": "gzip"}, resource.gzipped)

    def _send(self, answer: Answer, faults: list[Fault]) -> None:
        """Send *answer* as the last of *faults* has it: there is one way to send it, so the last word wins."""
        if faults:
            SENDERS[faults[-1].kind](self, answer, faults[-1])
        else:
            send(self, answer)

    def send_head(self, answer: Answer, framing: tuple[str, str]) -> None:
        """Send the status and headers of *answer*, and the *framing* header that tells where its body ends."""
        self.send_response(answer.status)
        for name, value in (*answer.headers.items(), framing):
            self.send_header(name, value)
        self.end_headers()

    def pause(self, seconds: float) -> None:
        """Wait *seconds*; a site that stops meanwhile gives the connection up."""
        if self.server.stopping.wait(seconds):
            raise ConnectionAbortedError("the site is stopping")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Say nothing: the site keeps a log of its own."""


class _Server(ThreadingHTTPServer):
    """A threading server that knows its connections, so that it can end them all and wait for their threads."""

    request_queue_size = 128
    daemon_threads = False
    block_on_close = True

    def __init__(self, site: DemoSite, address: tuple[str, int], ssl_context: SSLContext | None) -> None:
        self.site = site
        self.stopping = threading.Event()
        self._ssl_context = ssl_context
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; the handshake of TLS is left to the thread that serves it."""
        connection, address = super().get_request()
        if self._ssl_context:
            connection = self._ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._connections.add(connection)
        return connection, address

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget a connection and close it."""
        if isinstance(request, socket.socket):
            self._connections.discard(request)
        super().close_request(request)

    def end(self) -> None:
        """Accept no more connections, and end every pause and every connection there is."""
        self.stopping.set()
        self.shutdown()
        for connection in tuple(self._connections):
            with suppress(OSError):
                # The plain socket's: that of TLS would change an object that another thread is reading from.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class DemoSite:
    """A site to crawl that needs no internet: use it as a context manager.

    Attributes:
        base_url: where it is, without a slash at the end (``http://127.0.0.1:PORT``); known from the start.
        requests: every request so far, in the order of arrival.
        latency: seconds that every answer waits.
        idle_seconds: after which a connection on which nothing is asked is closed, as the live site does.
        gzip: whether answers are compressed for a client that accepts gzip.
        faults: what goes wrong; see ``faults``.
    """

    def __init__(  # noqa: PLR0913 - all but the content have defaults
        self,
        content: Content,
        faults: Iterable[Fault] = (),
        *,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        gzip: bool = True,
        idle_seconds: float = 5.0,
        ssl_context: SSLContext | None = None,
    ) -> None:
        """Bind *host* and *port* (0: any free one) for *content*; with *ssl_context* the site speaks HTTPS.

        Raises:
            OSError: the port is taken, or not ours to take.
        """
        self.faults = FaultPlan(faults)
        self.latency = latency
        self.gzip = gzip
        self.idle_seconds = idle_seconds
        self.requests: list[LoggedRequest] = []
        self._content = content
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(self, (host, port), ssl_context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,), name="demo-site", daemon=True)
        self.base_url = f"{'https' if ssl_context else 'http'}://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def stop(self) -> None:
        """Stop at once, whatever is being sent, wait for the threads and free the port; again is no error."""
        if self._thread.is_alive():
            self._server.end()
            self._thread.join()
        self._server.server_close()

    def add_fault(self, fault: Fault) -> None:
        """Let *fault* happen from now on."""
        self.faults.add(fault)

    def url(self, path: str) -> str:
        """Return the URL of *path*, which begins with a slash."""
        return f"{self.base_url}{path}"

    def resource(self, path: str, query: str) -> Resource:
        """Return what is at *path* with *query* when nothing goes wrong: content, else robots.txt, else a 404 page."""
        return self._content.get(path, query) or (RULES if path == ROBOTS else NOT_FOUND)

    def log(self, path: str, query: str, headers: dict[str, str]) -> None:
        """Remember a request."""
        with self._lock:
            self._counts[path, query] += 1
            self.requests.append(LoggedRequest(path, query, headers, time.monotonic(), self._counts[path, query]))
