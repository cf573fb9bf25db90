"""Versions, coverage, checks, files and history over HTTP."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from inferencemax_spider import __version__
from inferencemax_spider.versions import overview, series
from tests.commands import stored
from tests.serve.services import JSON, PROBLEM, Service, address, frame, problem, serving

SPIDERS = ("inferencemax", "inferencex")


def summary(service: Service, spider: str, name: str = "latest") -> dict[str, object]:
    document = json.loads((service.folder(spider, name) / "summary.json").read_bytes())
    assert isinstance(document, dict)
    return document


def test_the_service_says_that_it_is_there(service: Service) -> None:
    assert service.json("/healthz") == {"status": "ok", "release": __version__}


def test_spiders_and_versions_are_those_of_the_store(service: Service) -> None:
    found = service.json("/v1/spiders")["spiders"]
    assert [(entry["spider"], entry["versions"]) for entry in found] == [("inferencemax", 1), ("inferencex", 2)]
    for entry in found:
        assert entry["latest"] == service.folder(entry["spider"]).name
        rows = service.json(f"/v1/spiders/{entry['spider']}/versions")
        assert rows["versions"] == [asdict(row) for row in overview.rows(service.output / entry["spider"])]


@pytest.mark.parametrize("spider", SPIDERS)
def test_a_version_is_its_summary(service: Service, spider: str) -> None:
    wanted = summary(service, spider)
    assert service.json(address(spider, part="")) == wanted
    assert service.json(address(spider, str(wanted["version"]), part="")) == wanted
    for part in ("coverage", "checks"):
        found = service.json(address(spider, part=part))
        assert found[part] == wanted[part]
        assert found[part]
        assert (found["spider"], found["version"]) == (spider, wanted["version"])


def test_previous_is_the_usable_one_before(service: Service) -> None:
    names = [row["version"] for row in service.json("/v1/spiders/inferencex/versions")["versions"]]
    assert service.json(address("inferencex", "previous", ""))["version"] == names[0]
    assert service.json(address("inferencex", "latest", ""))["version"] == names[1]
    said = service.refused(404, address("inferencemax", "previous"))
    assert said == f"inferencemax has no version 'previous'; the newest of 1 are: {service.folder('inferencemax').name}"


@pytest.mark.parametrize("part", ["", "records", "coverage", "checks", "files/benchmarks.parquet"])
def test_what_is_not_there_is_answered_with_what_is(service: Service, part: str) -> None:
    known = ", ".join(SPIDERS)
    assert service.refused(404, address("nope", part=part)) == f"no spider 'nope' has versions; there are: {known}"
    said = service.refused(404, address("inferencex", "20200101T000000Z", part))
    assert said.startswith("inferencex has no version '20200101T000000Z'; the newest of 2 are: ")
    assert service.folder("inferencex").name in said


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/spiders/", "/redoc", "/v1/spiders/inferencex/versions/latest/raw"])
def test_an_address_that_there_is_not_is_told(service: Service, path: str) -> None:
    assert service.refused(404, path) == "there is no such address; /docs lists those there are"


@pytest.mark.parametrize("name", ["..", "%2e%2e", ".", "..%2finferencex", "%2Fetc", "inferencex%00", "*", "input*"])
def test_no_name_leads_out_of_the_store(service: Service, name: str) -> None:
    for path in (f"/v1/spiders/{name}/versions", address(name, part=""), address("inferencex", name, "records")):
        reply = service.ask(path)
        assert (reply.status, reply.headers["content-type"]) == (404, PROBLEM)
    outside = address("inferencex", part="files/..%2F..%2Finferencemax%2Flatest%2Fsummary.json")
    assert service.ask(outside).status == 404


@pytest.mark.parametrize("spider", SPIDERS)
def test_files_come_byte_for_byte(service: Service, spider: str) -> None:
    files = summary(service, spider)["files"]
    assert isinstance(files, dict)
    names = [name for name in files if "/" not in name]
    assert {"benchmarks.parquet", "report.html", "inference_max_merged.csv"} <= {*names}
    for name in names:
        reply = service.ask(address(spider, part=f"files/{name}"))
        assert reply.status == 200
        assert sha256(reply.body).hexdigest() == files[name]["sha256"]
        assert reply.headers["content-length"] == str(len(reply.body))
    found = pd.read_parquet(io.BytesIO(service.ask(address(spider, part="files/benchmarks.parquet")).body))
    pd.testing.assert_frame_equal(found, service.records(spider))


@pytest.mark.parametrize("name", ["summary.json", "nope", "raw", "raw%2Favailability.json", ".", ".."])
def test_only_listed_files_are_given(service: Service, name: str) -> None:
    reply = service.ask(address("inferencex", part=f"files/{name}"))
    assert reply.status == 404
    assert reply.headers["content-type"] == PROBLEM


def test_only_the_report_is_shown_by_a_browser(service: Service) -> None:
    report = service.ask(address("inferencex", part="files/report.html")).headers
    assert report["content-type"] == "text/html; charset=utf-8"
    assert "content-disposition" not in report
    csv = service.ask(address("inferencex", part="files/inference_max_e2e.csv")).headers
    assert csv["content-disposition"] == 'attachment; filename="inference_max_e2e.csv"'
    assert csv["content-security-policy"].startswith("default-src 'none'")
    assert csv["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({}, ()),
        ({"metric": "costh_y", "interactivity": "20,50"}, ("costh_y", "--interactivity", "20,50")),
        ({"metric": "p99.9_ttft", "models": "dsr1"}, ("p99.9_ttft", "--models", "dsr1")),
        ({"sequences": "1k/8k", "since": "2026-02-01"}, ("--sequences", "1k/8k", "--since", "2026-02-01")),
        ({"until": "2026-02-01"}, ("--until", "2026-02-01")),
    ],
)
def test_history_is_that_of_the_command(service: Service, query: dict[str, Any], options: tuple[str, ...]) -> None:
    wanted = stored.command(service.output, "history", *options, "--spider", "inferencex").stdout
    reply = service.ask("/v1/spiders/inferencex/history", format="csv", limit=10_000, **query)
    assert reply.body.decode() == wanted
    assert len(wanted.splitlines()) > 1
    table = service.table("/v1/spiders/inferencex/history", limit=10_000, **query)
    assert table.schema.equals(series.SCHEMA)
    found = service.json("/v1/spiders/inferencex/history", limit=10_000, **query)
    assert pa.Table.from_pylist(found["records"], series.SCHEMA).equals(table.combine_chunks())
    assert (found["metric"], found["passed_over"]) == (query.get("metric", "tpPerGpu_y"), [])


def test_a_history_has_pages_too(service: Service) -> None:
    path = "/v1/spiders/inferencex/history"
    whole = frame(service.ask(path, format="csv", limit=10_000))
    part = service.ask(path, format="csv", limit=7, offset=len(whole) - 10)
    assert part.headers["x-total-count"] == str(len(whole))
    last = service.ask(part.headers["link"].partition("<")[2].partition(">")[0])
    assert "link" not in last.headers
    found = pd.concat([frame(part), frame(last)], ignore_index=True)
    pd.testing.assert_frame_equal(found, whole.tail(10).reset_index(drop=True))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"metric": "hwKey"}, "metric='hwKey': there is no such metric; valid: costh_y, "),
        ({"interactivity": "fast"}, "'fast' is no interactivity in tok/s/user"),
        ({"interactivity": "inf"}, "'inf' is no interactivity"),
        ({"sequences": "2k/2k"}, "unknown sequence '2k/2k'"),
        ({"columns": "value"}, "there is no parameter 'columns'"),
    ],
)
def test_a_wrong_parameter_of_history_is_named(service: Service, query: dict[str, str], said: str) -> None:
    assert said in service.refused(422, "/v1/spiders/inferencex/history", **query)


def test_head_is_get_without_the_body(service: Service) -> None:
    for path in ("/healthz", address("inferencex"), address("inferencex", part="files/benchmarks.parquet"), "/nope"):
        whole, head = service.ask(path), service.ask(path, method="HEAD")
        assert (head.status, head.body) == (whole.status, b"")
        assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}
        assert int(head.headers["content-length"]) == len(whole.body) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_nothing_can_be_written(service: Service, method: str) -> None:
    reply = service.ask(address("inferencex", part=""), method=method)
    assert problem(reply, 405) == "nothing can be written here; use GET or HEAD"
    assert reply.headers["allow"] == "GET, HEAD"


def test_an_address_has_a_bound(service: Service) -> None:
    assert service.refused(414, "/healthz", q="x" * 9_000) == "the address is longer than 8000 bytes"
    assert service.refused(422, "/v1/spiders/inferencex/history", models="x" * 3_000).startswith("models='xxx")


def test_versions_that_cannot_be_read_are_told(output: Path, tmp_path: Path) -> None:
    copy = stored.copied(output, tmp_path / "output")
    torn = copy / "inferencex" / "20200101T000000Z"
    torn.mkdir()
    newest = (copy / "inferencex" / "latest").resolve()
    (newest / "benchmarks.parquet").write_bytes(b"PAR1 no parquet PAR1")
    failed = copy / "inferencemax" / "20200101T000000Z"
    failed.mkdir()
    (failed / "summary.json").write_text('{"spider": "inferencemax", "version": "x", "status": "failed", "n": NaN}')
    with serving(copy) as service:
        rows = service.json("/v1/spiders/inferencex/versions")["versions"]
        assert [row["status"] for row in rows] == ["unreadable", "complete", "complete"]
        for path in (address("inferencex", torn.name, ""), address("inferencex", newest.name, "records")):
            assert service.refused(500, path).endswith(" cannot be read; see scrapy versions verify")
        history = service.ask("/v1/spiders/inferencex/history")
        assert history.json()["passed_over"] == [torn.name, newest.name]
        assert history.headers["x-passed-over"] == f"{torn.name}, {newest.name}"
        assert history.json()["total"] > 0
        said = service.refused(404, address("inferencemax", failed.name))
        assert said == f"version {failed.name} has no records; its summary says what became of the run"
        assert service.json(address("inferencemax", failed.name, ""))["n"] is None
        assert service.ask("/v1/spiders").headers["content-type"] == JSON
