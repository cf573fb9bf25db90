"""The site without faults: what it answers, what it remembers, and that it ends."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from inferencemax_spider.demo import Dataset, DemoSite, Fault, FolderContent, GeneratedContent, Resource

from .client import ask, connect, get
from .conftest import Start

PATH = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a body, beside a file that is nobody's business."""
    root = tmp_path / "site"
    (root / "data").mkdir(parents=True)
    (root / "data" / "a b.json").write_bytes(b"[1]")
    (root / "page.html").write_text("<p>page</p>")
    (root / "blob").write_bytes(b"\x00")
    (root / "inside.json").symlink_to(root / "data" / "a b.json")
    (root / "outside.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "secret.json").write_text("secret")
    return root


def test_every_endpoint_is_served_as_generated(start: Start, dataset: Dataset) -> None:
    site = start()
    for path, endpoint in dataset.paths().items():
        reply = get(site.url(path))
        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
        assert reply.body == dataset.body(*endpoint)


def test_an_unknown_path_is_an_html_404(start: Start) -> None:
    reply = get(start().url("/data/nothing.json"))
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<html>" in reply.body


def test_robots_are_welcome(start: Start) -> None:
    reply = get(start("status=503").url("/robots.txt"))
    assert (reply.status, reply.body) == (200, b"User-agent: *\nAllow: /\n")


def test_gzip_is_for_those_who_accept_it(start: Start, dataset: Dataset) -> None:
    plain, zipped = (get(start().url(PATH), headers) for headers in ({}, {"Accept-Encoding": "br, gzip"}))
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.body[4:8] == bytes(4), "a time in the header: the same body would never be the same bytes"
    assert gzip.decompress(zipped.body) == plain.body == dataset.body(*dataset.paths()[PATH])


def test_gzip_can_be_turned_off(content: GeneratedContent) -> None:
    with DemoSite(content, gzip=False) as site:
        assert "content-encoding" not in get(site.url(PATH), {"Accept-Encoding": "gzip"}).headers


def test_requests_are_remembered(start: Start) -> None:
    site = start("status=503,times=1")
    for path in (PATH, "/robots.txt", PATH, f"{PATH}?a=%20b"):
        with closing(connect(site.base_url)) as connection:
            ask(connection, path, {"User-Agent": "test"})
    logged = [(request.path, request.query, request.count) for request in site.requests]
    assert logged == [(PATH, "", 1), ("/robots.txt", "", 1), (PATH, "", 2), (PATH, "a=%20b", 1)]
    assert all(request.headers["user-agent"] == "test" for request in site.requests)
    assert [request.time for request in site.requests] == sorted(request.time for request in site.requests)


def test_a_fault_can_be_added_while_the_site_runs(start: Start) -> None:
    site = start()
    assert get(site.url(PATH)).status == 200
    site.add_fault(Fault(kind="status", code=418))
    assert get(site.url(PATH)).status == 418


def test_a_connection_serves_many_requests(start: Start) -> None:
    with closing(connect(start().base_url)) as connection:
        ask(connection, PATH)
        first = connection.sock
        assert first is not None
        assert ask(connection, "/nowhere").status == 404
        assert connection.sock is first


def test_many_clients_are_served_at_once(start: Start) -> None:
    site = start("latency=0.05")
    clients = 64
    together = threading.Barrier(clients)

    def one(_: int) -> int:
        together.wait()
        return get(site.url(PATH)).status

    with ThreadPoolExecutor(clients) as pool:
        assert list(pool.map(one, range(clients))) == [200] * clients
    assert [request.count for request in site.requests] == list(range(1, clients + 1))


def test_the_port_is_free_again_and_no_thread_is_left(content: GeneratedContent) -> None:
    before = threading.active_count()
    with DemoSite(content) as site, closing(connect(site.base_url)) as idle:
        ask(idle, PATH)
        site.stop()
        assert threading.active_count() == before
        with pytest.raises(ConnectionRefusedError):
            get(site.url(PATH))


def test_only_this_machine_can_reach_it(start: Start) -> None:
    host, port = start().base_url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", int(port))):
        pass


def test_https(content: GeneratedContent) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    with DemoSite(content, ssl_context=server) as site:
        assert site.base_url.startswith("https://")
        with pytest.raises(ssl.SSLCertVerificationError):
            get(site.url(PATH), context=client)
        authority.configure_trust(client)
        assert get(site.url(PATH), context=client).status == 200


def test_https_does_not_wait_for_a_client_that_is_silent(content: GeneratedContent) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    with DemoSite(content, ssl_context=server) as site:
        address = ("127.0.0.1", int(site.base_url.rpartition(":")[2]))
        with socket.create_connection(address):
            assert get(site.url(PATH), context=client).status == 200


def test_a_site_that_was_never_started_can_be_stopped(content: GeneratedContent) -> None:
    site = DemoSite(content)
    site.stop()
    site.stop()
    with pytest.raises(ConnectionRefusedError):
        get(site.url(PATH))


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/data/a%20b.json", 200, "application/json"),
        ("/inside.json", 200, "application/json"),
        ("/page.html", 200, "text/html; charset=utf-8"),
        ("/blob", 200, "application/octet-stream"),
        ("/data", 404, "text/html; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
    ],
)
def test_a_folder_is_served_by_path(folder: Path, path: str, status: int, kind: str) -> None:
    with DemoSite(FolderContent(folder)) as site:
        reply = get(site.url(path))
        assert (reply.status, reply.headers["content-type"]) == (status, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.json",
        "/data/../../secret.json",
        "/%2e%2e/secret.json",
        "/..%2fsecret.json",
        "//../secret.json",
        "/outside.json",
        "/data/a%20b.json%00",
        "/" + "x" * 5000,
    ],
)
def test_nothing_outside_the_folder_is_served(folder: Path, path: str) -> None:
    with DemoSite(FolderContent(folder)) as site, closing(connect(site.base_url)) as connection:
        assert ask(connection, path).status == 404


def test_a_folder_outside_of_the_folder_is_out_of_reach_by_its_full_name(folder: Path) -> None:
    secret = folder.parent / "secret.json"
    assert FolderContent(folder).get(f"/{secret}", "") is None
    assert FolderContent(folder.parent).get("/secret.json", "") == Resource(b"secret")


def test_a_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        FolderContent(tmp_path / "nowhere")
