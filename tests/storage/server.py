"""An S3-compatible server on loopback: moto's, with faults between it and its clients."""

from __future__ import annotations

import io
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import s3fs  # type: ignore[import-untyped]  # has no types
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.crawl.runs import TIMEOUT

KEYS = {"AWS_ACCESS_KEY_ID": "an-access-key", "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see"}
FOREVER = 1_000_000
PAUSE = 0.1
"""Seconds between two bytes of an answer that trickles."""

Environ = dict[str, Any]
Answer = Iterable[bytes]


@dataclass
class Fault:
    """What happens to the first *times* requests of a *method* whose path holds *text*.

    ``kind`` is ``status`` (answered with that, and not carried out), ``reset`` (the connection is, before anything is
    done), ``lost`` (it is carried out, then the connection is reset), ``deaf`` (nothing of the body is read until it
    is let go, and the connection is reset then), ``trickle`` (a byte of the answer comes now and then, until it is let
    go), or ``hold`` (it waits until it is let go, and is carried out then, unless ``kind`` was changed meanwhile).
    """

    method: str
    text: str
    kind: str
    times: int = FOREVER
    status: str = "503 Service Unavailable"
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait until a request is held."""
        assert self.reached.wait(TIMEOUT), f"no {self.method} of {self.text} came"


class FaultyApp:
    """moto's application, with what is in ``faults``, and listings that lag while ``frozen`` has the known keys."""

    def __init__(self) -> None:
        self.app = DomainDispatcherApplication(create_backend_app)
        self.faults: list[Fault] = []
        self.frozen: set[str] | None = None
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            self.requests.append((method, path))
            fault = next((one for one in self.faults if self._meant(one, method, path)), None)
            if fault:
                fault.times -= 1
        if fault:
            return self._faulty(fault, environ, start)
        if self.frozen is not None and method == "GET" and "list-type" in environ["QUERY_STRING"]:
            return self._lagging(environ, start, self.frozen)
        return self._carried_out(environ, start)

    @staticmethod
    def _meant(fault: Fault, method: str, path: str) -> bool:
        return fault.times > 0 and fault.method == method and fault.text in path

    def _carried_out(self, environ: Environ, start: Callable[..., Any]) -> Answer:
        return list(self.app(environ, start))

    def _faulty(self, fault: Fault, environ: Environ, start: Callable[..., Any]) -> Answer:
        if fault.kind == "hold" and environ.get("CONTENT_LENGTH"):
            # All of it is here before anybody is told: the client may be gone when it is carried out.
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        fault.reached.set()
        if fault.kind == "hold":
            fault.released.wait(TIMEOUT)
            if fault.kind == "hold":
                return self._carried_out(environ, start)
        if fault.kind == "lost":
            self._carried_out(environ, lambda *_: None)
        if fault.kind == "trickle":
            return self._trickling(fault, environ, start)
        if fault.kind == "deaf":
            fault.released.wait(TIMEOUT)
        if fault.kind in ("lost", "reset", "deaf"):
            _reset(environ["werkzeug.socket"])
            raise ConnectionResetError
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(fault.status, [("Content-Type", "application/xml"), ("Connection", "close")])
        return [b"<Error><Code>InternalError</Code><Message>We had a problem</Message></Error>"]

    def _trickling(self, fault: Fault, environ: Environ, start: Callable[..., Any]) -> Iterator[bytes]:
        body = b"".join(self.app(environ, start))
        for byte in body:
            if fault.released.wait(PAUSE):
                break
            yield bytes([byte])

    def _lagging(self, environ: Environ, start: Callable[..., Any], known: set[str]) -> Answer:
        """Answer a listing as if nothing but what is *known* were there."""
        head: list[Any] = []
        body = b"".join(self.app(environ, lambda *given: head.extend(given))).decode()
        bucket = environ["PATH_INFO"].strip("/")
        keys = {key.removeprefix(f"{bucket}/") for key in known if key.startswith(f"{bucket}/")}
        body = re.sub(
            r"<Contents>.*?</Contents>", lambda found: found[0] if _key(found[0]) in keys else "", body, flags=re.DOTALL
        )
        body = re.sub(
            r"<CommonPrefixes>.*?</CommonPrefixes>",
            lambda found: found[0] if any(key.startswith(_prefix(found[0])) for key in keys) else "",
            body,
            flags=re.DOTALL,
        )
        text = body.encode()
        start(head[0], [(name, value) for name, value in head[1] if name.lower() != "content-length"])
        return [text]


def _reset(connection: socket.socket) -> None:
    """Close it without a farewell, and whatever reads from it: what a peer sees when a balancer dies."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _key(text: str) -> str:
    found = re.search(r"<Key>(.*?)</Key>", text, re.DOTALL)
    assert found
    return found[1]


def _prefix(text: str) -> str:
    found = re.search(r"<Prefix>(.*?)</Prefix>", text, re.DOTALL)
    assert found
    return found[1]


class Server:
    """The server, its address, and what tests ask of it past any fault."""

    def __init__(self) -> None:
        self.app = FaultyApp()
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command that uses this server."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": "us-east-1"}

    @property
    def options(self) -> dict[str, Any]:
        """What s3fs, and pandas with it, must know to read from this server."""
        secret = {"key": KEYS["AWS_ACCESS_KEY_ID"], "secret": KEYS["AWS_SECRET_ACCESS_KEY"]}
        return {**secret, "endpoint_url": self.url, "use_listings_cache": False, "skip_instance_cache": True}

    def bucket(self) -> str:
        """Return the name of a new bucket."""
        name = f"bucket-{uuid4().hex[:12]}"
        s3fs.S3FileSystem(**self.options).mkdir(name)
        return name

    @contextmanager
    def fault(self, method: str, text: str, kind: str = "status", **more: Any) -> Iterator[Fault]:
        """Have requests of the *method* whose path holds *text* fail, for as long as the context lasts."""
        fault = Fault(method, text, kind, **more)
        self.app.faults.append(fault)
        try:
            yield fault
        finally:
            fault.released.set()
            self.app.faults.remove(fault)

    @contextmanager
    def frozen_listings(self) -> Iterator[None]:
        """Have listings say what is there now, whatever is written meanwhile."""
        known = set()
        fs = s3fs.S3FileSystem(**self.options)
        for bucket in fs.ls("", detail=False):
            known |= set(fs.find(bucket))
        self.app.frozen = known
        try:
            yield
        finally:
            self.app.frozen = None
