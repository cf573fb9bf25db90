"""A site that cannot be reached, cannot be trusted, or sends too much."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.crawl import runs
from tests.crawl.conftest import Crawl, Start
from tests.crawl.runs import BROKEN, IMPATIENT, SMALL, WHOLE, Run


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let crawls trust the authority of the test."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def secured(authority: trustme.CA, host: str = "127.0.0.1", until: datetime | None = None) -> dict[str, Any]:
    """Return the options of a site with a certificate for *host*, valid *until* then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=until).configure_cert(context)
    return {"ssl_context": context}


def unreached(run: Run, message: str, output: Path) -> None:
    """Check that nothing came, for one reason that is named for each endpoint."""
    assert run.status == 1
    assert [entry["state"] for entry in run.endpoints] == ["failed", "failed"]
    assert [message in entry["reason"] for entry in run.endpoints] == [True, True], run.endpoints[0]["reason"]
    assert message in run.stdout
    assert message in run.stderr
    assert not (output / "inferencemax" / "latest").is_symlink()


@pytest.mark.fault("nothing listens at `base_url`")
def test_a_refused_connection_is_named(crawl: Crawl, output: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    run = crawl(f"http://127.0.0.1:{port}", *SMALL, **IMPATIENT)
    unreached(run, f"connection refused by 127.0.0.1:{port}: nothing listens there; check base_url", output)
    assert [entry["attempts"] for entry in run.endpoints] == [2, 2]


@pytest.mark.fault("the host of `base_url` is unknown")
def test_an_unknown_host_is_named(crawl: Crawl, output: Path) -> None:
    run = crawl("http://no-such-host.invalid", *SMALL, **IMPATIENT)
    unreached(run, "the host no-such-host.invalid is not known; check base_url and the network", output)


@pytest.mark.fault("the certificate is not trusted")
def test_a_certificate_of_an_unknown_authority_is_refused(
    authority: trustme.CA, start: Start, crawl: Crawl, output: Path
) -> None:
    site = start(**secured(authority))
    host = site.base_url.removeprefix("https://")
    unreached(crawl(site, *SMALL, **IMPATIENT), f"the TLS certificate of {host} cannot be verified", output)
    assert site.requests == []


@pytest.mark.fault("the certificate is another host's")
@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(
    authority: trustme.CA, start: Start, crawl: Crawl, output: Path
) -> None:
    site = start(**secured(authority, "inferencemax.example"))
    host = site.base_url.removeprefix("https://")
    unreached(crawl(site, *SMALL, **IMPATIENT), f"the TLS certificate of {host} cannot be verified", output)
    assert site.requests == []


@pytest.mark.fault("the certificate has expired")
@pytest.mark.usefixtures("trusted")
def test_an_expired_certificate_is_refused(authority: trustme.CA, start: Start, crawl: Crawl, output: Path) -> None:
    site = start(**secured(authority, until=datetime.now(UTC) - timedelta(days=1)))
    host = site.base_url.removeprefix("https://")
    unreached(crawl(site, *SMALL, **IMPATIENT), f"the TLS certificate of {host} cannot be verified", output)


@pytest.mark.fault("the certificate is trusted (`SSL_CERT_FILE` names its authority)")
@pytest.mark.usefixtures("trusted")
def test_a_trusted_certificate_is_accepted(authority: trustme.CA, start: Start, crawl: Crawl) -> None:
    run = crawl(start(**secured(authority)), *SMALL)
    assert run.status == 0
    assert run.endpoints[0]["url"].startswith("https://")


@pytest.mark.fault("the certificate is not to be verified (`DOWNLOAD_VERIFY_CERTIFICATES=0`)")
def test_verification_can_be_turned_off(authority: trustme.CA, start: Start, crawl: Crawl) -> None:
    assert crawl(start(**secured(authority)), *SMALL, DOWNLOAD_VERIFY_CERTIFICATES=0).status == 0


def too_large(run: Run) -> None:
    """Check that one endpoint failed for its size, and that the other is whole."""
    assert run.status == 3
    assert [entry["state"] for entry in run.endpoints] == ["failed", "ok"]
    assert run.endpoints[0]["reason"] == "body larger than 100000 bytes; raise DOWNLOAD_MAXSIZE"
    assert run.endpoints[0]["attempts"] == 1
    assert sorted(path.name for path in (run.place / "raw").iterdir()) == [WHOLE]


@pytest.mark.fault("a body is announced to be larger than `DOWNLOAD_MAXSIZE`")
def test_a_body_announced_as_too_large_is_refused(start: Start, crawl: Crawl) -> None:
    too_large(crawl(start(f"oversize=300000@{BROKEN}", gzip=False), *SMALL, DOWNLOAD_MAXSIZE=100_000))


@pytest.mark.fault("a body grows larger than `DOWNLOAD_MAXSIZE`")
def test_a_chunked_body_that_grows_too_large_is_refused(start: Start, crawl: Crawl) -> None:
    site = start(f"oversize=3000000@{BROKEN}", f"chunk_truncate@{BROKEN}", gzip=False)
    too_large(crawl(site, *SMALL, DOWNLOAD_MAXSIZE=100_000))


@pytest.mark.fault("a body is larger than `DOWNLOAD_MAXSIZE` when decompressed")
def test_a_body_that_unpacks_too_large_is_refused(start: Start, crawl: Crawl) -> None:
    too_large(crawl(start(f"oversize=3000000@{BROKEN}"), *SMALL, DOWNLOAD_MAXSIZE=100_000))


def test_the_previous_version_stays_the_latest_when_nothing_comes(start: Start, crawl: Crawl, output: Path) -> None:
    first = crawl(start(), *SMALL)
    second = crawl(start("status=404"), *SMALL)
    assert (first.status, second.status) == (0, 1)
    assert runs.latest(output) == first.folder != second.folder
    assert len(second.lines("failures.jsonl")) == 2
