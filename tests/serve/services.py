"""The service as a user starts it, and asked as its users ask."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pyarrow as pa

from tests.crawl import runs
from tests.demo import client
from tests.demo.client import Reply

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
NO_HTTP = "Invalid HTTP request received."
"""What the log says of a request that is none, as some that the fuzzing makes."""
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Service:
    """A service that answers at *url* about the versions in *output*."""

    url: str
    output: Path
    process: subprocess.Popen[str]

    def ask(self, path: str, headers: dict[str, str] | None = None, method: str = "GET", **query: Any) -> Reply:
        """Return the answer to a request of *path*, on a connection of its own."""
        address = f"{path}?{urlencode(query)}" if query else path
        with closing(client.connect(self.url)) as connection:
            return client.ask(connection, address, headers, method)

    def json(self, path: str, **query: Any) -> Any:
        """Return what *path* has as JSON."""
        reply = self.ask(path, **query)
        assert (reply.status, reply.headers["content-type"]) == (200, JSON), reply.body
        return reply.json()

    def table(self, path: str, **query: Any) -> pa.Table:
        """Return what *path* has as an Arrow stream."""
        reply = self.ask(path, **query, format="arrow")
        assert (reply.status, reply.headers["content-type"]) == (200, ARROW), reply.body
        return arrow(reply)

    def refused(self, status: int, path: str, **query: Any) -> str:
        """Return what is said of a request that is refused with *status*."""
        return problem(self.ask(path, **query), status)

    def folder(self, spider: str, name: str = "latest") -> Path:
        """Return the folder of a version."""
        return (self.output / spider / name).resolve()

    def records(self, spider: str, name: str = "latest") -> pd.DataFrame:
        """Return the records of a version, as pandas reads them."""
        return pd.read_parquet(self.folder(spider, name) / "benchmarks.parquet")


def address(spider: str, version: str = "latest", part: str = "records") -> str:
    """Return the address of a *part* of a version."""
    return f"/v1/spiders/{spider}/versions/{version}" + (f"/{part}" if part else "")


def arrow(reply: Reply) -> pa.Table:
    """Return the table in the answer."""
    return streamed(reply.body)


def streamed(body: bytes) -> pa.Table:
    """Return the table that an Arrow stream holds."""
    with pa.ipc.open_stream(body) as stream:
        return stream.read_all()


def frame(reply: Reply) -> pd.DataFrame:
    """Return the CSV in the answer."""
    return pd.read_csv(io.BytesIO(reply.body))


def problem(reply: Reply, status: int) -> str:
    """Return the detail of the problem that the answer tells of, which has its one shape."""
    assert (reply.status, reply.headers["content-type"]) == (status, PROBLEM), reply.body
    document = reply.json()
    assert document.keys() == {"type", "title", "status", "detail"}
    assert document["status"] == status
    assert reply.headers["cache-control"] == "no-store"
    return str(document["detail"])


@contextmanager
def serving(output: Path | str, *args: str) -> Iterator[Service]:
    """Run ``scrapy serve`` on the versions in *output*; it must end well, and have had nothing to complain about."""
    process = runs.begin(runs.scrapy("serve", "--port", "0", *args, "-s", f"OUTPUT_DIR={output}"))
    assert process.stdout
    try:
        url = process.stdout.readline().strip()
        assert url, process.communicate()[1]
        yield Service(url, Path(output), process)
        process.terminate()
        _, stderr = process.communicate(timeout=runs.TIMEOUT)
        assert process.returncode == 0
        assert {*stderr.splitlines()} <= {NO_HTTP}
    finally:
        process.kill()
        process.communicate()
