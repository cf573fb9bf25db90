"""A mail server and a web server on loopback that keep what they get."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "collector", "s3cret-pass"


class MailServer:
    """Takes mail for anybody, from whoever knows the password if there is one."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.url = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep a mail."""
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=default))
        return "250 OK"


@contextmanager
def mail_server(*, secret: bool = False) -> Iterator[MailServer]:
    """Run a mail server; with a *secret*, only for who gives it."""
    server = MailServer()

    def known(*details: Any) -> AuthResult:
        given: LoginPassword = details[-1]
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    rights = {"auth_required": True, "auth_require_tls": False, "authenticator": known} if secret else {}
    loop = asyncio.new_event_loop()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, loop=loop, **rights)
    controller.start()
    account = f"{USER}:{PASSWORD}@" if secret else ""
    server.url = f"mailto://{account}127.0.0.1:{port}?from=collector@example.org&to=owner@example.org&mode=insecure"
    try:
        yield server
    finally:
        controller.stop()


class WebServer:
    """Keeps the JSON documents that are posted to it; answers ``status``, or nothing at all."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.posts: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.url = ""


@contextmanager
def web_server(status: int | None = 200) -> Iterator[WebServer]:
    """Run a web server that answers with *status*; ``None``: that never answers."""
    server = WebServer(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if server.status is None:
                server.released.wait()
                return
            server.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"json://127.0.0.1:{http.server_port}/hook"
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            http.shutdown()
            thread.join()
