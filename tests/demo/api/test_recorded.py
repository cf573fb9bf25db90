"""Recorded bodies under the API's paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import RecordedApi
from inferencemax_spider.demo.api.recorded import MODEL

from .client import SEQUENCES, Api


@pytest.fixture
def old(recorded: Path) -> Iterator[Api]:
    with DemoSite(RecordedApi(recorded)) as site:
        yield Api(site)


def small(folder: Path) -> Path:
    """Write two rows and their history into *folder*."""
    rows = [{"isl": 1, "osl": 2, "date": "2026-01-01"}, {"isl": 1, "osl": 3, "date": "2026-01-02"}]
    for name in ("availability", "benchmarks", "benchmarks-history"):
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return folder


@pytest.mark.parametrize("name", ["availability", "benchmarks", "evaluations", "reliability", "submissions"])
def test_bodies_are_those_of_the_files(old: Api, recorded: Path, name: str) -> None:
    assert old.body(name, model=MODEL) == (recorded / f"{name}.json").read_bytes()


def test_the_recorded_numbers_of_rows(old: Api) -> None:
    assert len(old.json("benchmarks", model=MODEL)) == 435
    assert len(old.history(MODEL)) == 1369
    assert all(old.json("benchmarks/history", model=MODEL, isl=isl, osl=osl) for isl, osl in SEQUENCES)
    assert len(old.json("evaluations")) == 540
    assert len(old.json("reliability")) == 3557


def test_workflow_info_is_that_of_the_recorded_date(old: Api, recorded: Path) -> None:
    assert old.body("workflow-info", date="2026-05-05") == (recorded / "workflow-info.json").read_bytes()
    assert old.json("workflow-info", date="2026-05-04") == {"runs": [], "changelogs": [], "configs": []}


def test_the_other_models_have_no_rows_and_there_is_no_openapi_document(tmp_path: Path) -> None:
    with DemoSite(RecordedApi(small(tmp_path))) as site:
        api = Api(site)
        assert api.json("benchmarks", model="GLM-5") == []
        assert api.json("benchmarks/history", model="GLM-5", isl=1, osl=2) == []
        assert api.reply("/api/v1/benchmarks", model="glm5").json() == {"error": "Unknown model"}
        assert api.reply("/api/openapi.json").status == 404
        assert api.reply("/api/v1/evaluations").status == 404, "it was not recorded"
        assert api.reply("/api/v1/availability/").status == 308
        assert b"Disallow: /api/" in api.reply("/robots.txt").body


def test_dates_and_sequences_narrow_the_rows(tmp_path: Path) -> None:
    with DemoSite(RecordedApi(small(tmp_path))) as site:
        api = Api(site)
        assert len(api.json("benchmarks", model=MODEL, date="2026-01-02")) == 2
        assert len(api.json("benchmarks", model=MODEL, date="2026-01-02", exact="true")) == 1
        assert len(api.json("benchmarks/history", model=MODEL, isl=1, osl=3)) == 1
        assert api.json("benchmarks/history", model=MODEL, benchmarkType="agentic_traces") == []


def test_a_folder_without_recorded_bodies_is_refused(tmp_path: Path) -> None:
    assert not RecordedApi.is_in(tmp_path)
    with pytest.raises(NotADirectoryError, match="no recorded bodies of the API"):
        RecordedApi(tmp_path)
