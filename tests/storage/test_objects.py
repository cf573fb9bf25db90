"""What the libraries of the other stores send for what is asked of them, seen by a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import fsspec.config  # type: ignore[import-untyped]  # has no types
import pytest
from werkzeug.serving import make_server

from inferencemax_spider.storage import objects
from inferencemax_spider.storage.objects import Objects, StorageError

AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass
class Recorder:
    """A server that answers every request alike, and remembers them as ``(method, path, query, headers)``."""

    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    requests: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], headers))
        start(self.status, [*self.headers, ("Content-Length", str(len(self.body)))])
        return [self.body]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    server = make_server("127.0.0.1", 0, recorder, threaded=True)
    recorder.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield recorder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def google(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it would ask Google what kind of bucket it is
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{recorder.port}")
    monkeypatch.setitem(fsspec.config.conf, "gs", {"token": "anon"})
    return Objects("gs://bucket/runs/inferencex")


@pytest.fixture
def azure(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Objects:
    endpoint = f"http://127.0.0.1:{recorder.port}/account"
    text = f"DefaultEndpointsProtocol=http;AccountName=account;AccountKey={AZURE_KEY};BlobEndpoint={endpoint};"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    return Objects("abfs://container/runs/inferencex")


def test_a_name_on_google_is_created_only_where_there_is_none(recorder: Recorder, google: Objects) -> None:
    recorder.headers = [("Content-Type", "application/json")]
    recorder.body = json.dumps({"name": "x", "size": "4", "md5Hash": "", "generation": "1"}).encode()
    assert google.create("20261125T010000Z/.claim", b"mine")
    method, path, query, _ = recorder.requests[-1]
    assert (method, path) == ("POST", "/upload/storage/v1/b/bucket/o")
    assert "ifGenerationMatch=0" in query
    recorder.status = "412 Precondition Failed"
    assert not google.create("20261125T010000Z/.claim", b"mine")


def test_a_name_on_azure_is_created_only_where_there_is_none(recorder: Recorder, azure: Objects) -> None:
    recorder.status = "201 Created"
    recorder.headers = [("ETag", '"1"'), ("Last-Modified", "Wed, 25 Nov 2026 01:00:00 GMT")]
    assert azure.create("20261125T010000Z/.claim", b"mine")
    method, path, _, headers = recorder.requests[-1]
    assert (method, path) == ("PUT", "/account/container/runs/inferencex/20261125T010000Z/.claim")
    assert headers["HTTP_IF_NONE_MATCH"] == "*"
    recorder.status, recorder.headers = "409 Conflict", [("x-ms-error-code", "BlobAlreadyExists")]
    assert not azure.create("20261125T010000Z/.claim", b"mine")


def test_latest_on_azure_is_replaced_only_where_it_was_not_meanwhile(recorder: Recorder, azure: Objects) -> None:
    recorder.status = "201 Created"
    recorder.headers = [("ETag", '"2"'), ("Last-Modified", "Wed, 25 Nov 2026 01:00:00 GMT")]
    assert azure.swap("latest", b"20261125T010000Z\n", '"1"')
    assert recorder.requests[-1][3]["HTTP_IF_MATCH"] == '"1"'
    recorder.status, recorder.headers = "412 Precondition Failed", [("x-ms-error-code", "ConditionNotMet")]
    assert not azure.swap("latest", b"20261125T010000Z\n", '"1"')


def test_what_a_store_refuses_is_told_in_one_line(recorder: Recorder, google: Objects) -> None:
    recorder.status, recorder.body = "403 Forbidden", b"<html>\nno\n</html>"
    with pytest.raises(StorageError) as raised:
        google.read("latest")
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("cannot read gs://bucket/runs/inferencex/latest: ")


@pytest.mark.parametrize(
    ("info", "tag"),
    [
        ({"ETag": '"a"', "size": 1}, '"a"'),
        ({"etag": "b", "generation": "7"}, "b"),
        ({"generation": "7"}, "7"),
        ({"size": 3, "mtime": None}, None),
    ],
)
def test_a_tag_is_what_the_store_gives_to_each_writing(info: dict[str, Any], tag: str | None) -> None:
    assert tag is None or objects.tag_of(info) == tag
    assert objects.tag_of(info) != objects.tag_of({"size": 4})
