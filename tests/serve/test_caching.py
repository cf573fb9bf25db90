"""What an answer says of how long it holds, and what is answered to those who have it already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.commands import stored
from tests.serve.services import Service, address, serving

PATHS = (
    "/healthz",
    "/v1/spiders",
    "/v1/spiders/inferencex/versions",
    address("inferencex", part=""),
    address("inferencex", part="records"),
    address("inferencex", part="coverage"),
    address("inferencex", part="checks"),
    address("inferencex", part="files/benchmarks.parquet"),
    "/v1/spiders/inferencex/history",
)


@pytest.mark.parametrize("path", PATHS)
def test_who_has_an_answer_is_told_that_it_holds(service: Service, path: str) -> None:
    first = service.ask(path)
    tag = first.headers["etag"]
    assert service.ask(path).headers["etag"] == tag
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = service.ask(path, {"If-None-Match": known})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == first.headers["cache-control"]
    for known in ('"other"', tag.strip('"'), ""):
        assert service.ask(path, {"If-None-Match": known}).body == first.body


def test_a_tag_is_of_one_version_one_question_and_one_format(service: Service) -> None:
    queries: list[dict[str, Any]] = [{}, {"limit": 1}, {"limit": 1, "offset": 1}, {"format": "csv"}, {"conc": 4}]
    names = ("latest", "previous", service.folder("inferencex").name)
    tags = {service.ask(address("inferencex", name), **query).headers["etag"] for name in names for query in queries}
    assert len(tags) == len(queries) * len(names)
    accepted = {service.ask(address("inferencex"), {"Accept": kind}).headers["etag"] for kind in ("text/csv", "*/*")}
    assert len(accepted) == 2


def test_a_wrong_request_is_no_match(service: Service) -> None:
    assert service.ask(address("inferencex"), {"If-None-Match": "*"}, limit=0).status == 422
    assert service.ask(address("nope"), {"If-None-Match": "*"}).status == 404


def test_a_name_that_moves_is_asked_for_again_and_a_version_is_kept(service: Service) -> None:
    newest = service.folder("inferencex").name
    for part in ("", "records", "coverage", "checks", "files/report.html"):
        for name, kept in (("latest", "public, no-cache"), (newest, "public, max-age=86400")):
            headers = service.ask(address("inferencex", name, part)).headers
            assert headers["cache-control"] == kept
            assert headers["content-location"] == address("inferencex", newest, part)
    for path in ("/v1/spiders", "/v1/spiders/inferencex/versions", "/v1/spiders/inferencex/history"):
        assert service.ask(path).headers["cache-control"] == "public, no-cache"
    place = service.ask(address("inferencex"), limit=3).headers["content-location"]
    assert service.ask(place).body == service.ask(address("inferencex"), limit=3).body


def test_what_is_made_again_has_another_tag(output: Path, tmp_path: Path) -> None:
    copy = stored.copied(output, tmp_path / "output")
    with serving(copy) as service:
        paths = (address("inferencex", part="files/report.html"), address("inferencex"))
        before = [service.ask(path) for path in paths]
        assert stored.command(copy, "rebuild", "inferencex/latest").status == 0
        for path, old in zip(paths, before, strict=True):
            assert service.ask(path, {"If-None-Match": old.headers["etag"]}).status == 200
        assert service.ask(paths[1]).body == before[1].body
