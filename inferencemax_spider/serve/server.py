"""The server: a socket, and the application behind it, until it is told to stop."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.serve.app import create

CONNECTIONS = 1_000
LONGEST_HEAD = 65_536
"""Bytes of what a request says before its body. Longer ones get no answer but the status 400."""
IDLE_SECONDS = 15
LAST_SECONDS = 10
"""What requests under way have to end, once the service is told to stop."""


class _Server(uvicorn.Server):
    """A server that says where it is, once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)  # noqa: T201 - who started it waits for this line


REMEDIES = {
    errno.EADDRINUSE: "--port 0 takes a free one",
    errno.EACCES: "take a --port above 1023",
}
"""What helps where it is the port that cannot be had."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at *host* and *port*; any free one for 0.

    Raises:
        OperationalError: it cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (while ")[0]  # Python adds the address, which stands here
        remedy = REMEDIES.get(error.errno or 0, "--host takes an address of this machine")
        raise OperationalError(f"cannot listen on {host}, port {port}: {reason}; {remedy}") from error
    # Connections take it over. asyncio sets it only where the socket was made for TCP by name, and without it the end
    # of an answer waits 40 ms for the other side's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run(output: Path, listener: socket.socket, refresh: Callable[[], object] | None = None) -> None:
    """Answer what is asked of the versions in *output* at *listener*, until SIGINT or SIGTERM; from the main thread.

    *refresh* makes *output*, if it is the mirror of an object store, what the store has.
    """
    config = uvicorn.Config(
        create(output, refresh),
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    # When it has ended well, uvicorn raises the signal once more for whoever had a handler before it.
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config).run([listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
