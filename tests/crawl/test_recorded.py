"""The recorded responses of 2025-10-25, served as a site: nothing of them may be lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from inferencemax_spider.demo import FolderContent
from tests.crawl.conftest import Crawl, Start
from tests.crawl.runs import REPO, Run

RECORDED = REPO.parent / "shared" / "data" / "static-2025-10-25"
GENERAL_RULE = json.dumps({"Llama 3.3 70B Instruct": {"slug": None}})

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded responses are not on this machine")


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", json.loads((RECORDED / "expected.json").read_bytes()))


@pytest.fixture
def recorded(start: Start, crawl: Crawl) -> Run:
    """Return a crawl of what was recorded."""
    return crawl(start(content=FolderContent(RECORDED)), "-a", "sequences=1k/1k")


def details(run: Run, path: str) -> dict[str, Any]:
    return next(entry for entry in run.endpoints if entry["url"].endswith(path))


def test_every_count_sha256_and_row_is_that_of_the_recording(recorded: Run, expected: list[dict[str, Any]]) -> None:
    assert recorded.status == 0
    assert recorded.summary["endpoints"]["ok"] == recorded.summary["endpoints"]["planned"] == len(expected) == 6
    for entry in expected:
        found = details(recorded, entry["path"])
        assert {name: found[name] for name in ("records", "hwkeys", "sha256")} == {
            name: entry[name] for name in ("records", "hwkeys", "sha256")
        }
        assert recorded.raw(Path(entry["path"]).name)[1] == (RECORDED / entry["path"].lstrip("/")).read_bytes()
    for golden in (RECORDED / "golden").iterdir():
        header, *rows = golden.read_text().splitlines()
        found_header, *found_rows = recorded.read(golden.name).decode().splitlines()
        assert found_header == header
        assert sorted(found_rows) == sorted(rows)


def test_llama_without_its_special_slug_is_named_as_lost(start: Start, crawl: Crawl) -> None:
    site = start(content=FolderContent(RECORDED))
    run = crawl(site, "-a", "sequences=1k/1k", CATALOG_MODELS=GENERAL_RULE)
    assert run.status == 3
    assert run.summary["endpoints"]["ok"] == 4
    for data_type in ("e2e", "interactivity"):
        assert f"Llama 3.3 70B Instruct 1k-1k {data_type}: failed: HTTP 404" in run.stderr
    assert "Llama 3.3 70B Instruct: the expected hwKey b200_trt is missing from all of its 2 endpoints" in run.output


@pytest.mark.parametrize("slug", ["deepseek-r1-0528", "gpt-oss-120b", "llama-3_3-70b-instruct-fp8"])
def test_b200_trt_lost_from_one_model_is_named(slug: str, start: Start, crawl: Crawl) -> None:
    run = crawl(start(f"missing_hwkey=b200_trt@{slug}-*", content=FolderContent(RECORDED)), "-a", "sequences=1k/1k")
    model = next(entry["model"] for entry in run.endpoints if slug in entry["url"])
    line = f"{model}: the expected hwKey b200_trt is missing from all of its 2 endpoints"
    assert run.status == 3
    assert line in run.stderr
    assert line in run.stdout
    assert line in next(check for check in run.summary["checks"] if check["name"] == "expected_hwkeys")["findings"]
    assert run.summary["hwkeys"]["models"][model]["b200_trt"] == 0
