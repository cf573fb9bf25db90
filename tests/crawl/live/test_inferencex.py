"""The live API, crawled for real: what the site says it has is asked for, and what does not come is named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import ApiContent, ApiDataset, RecordedApi
from inferencemax_spider.hardware import hwkey
from tests.crawl.runs import REPO, Run

RECORDED = REPO.parent / "shared" / "data" / "api-v1-2026-05"
CSVS = ("inference_max_e2e.csv", "inference_max_interactivity.csv", "inference_max_merged.csv")

Start = Callable[..., DemoSite]


Crawl = Callable[..., Run]


def asked(site: DemoSite) -> list[str]:
    """Return path and query of the requests that *site* got, in order."""
    return [f"{request.path}?{request.query}".rstrip("?") for request in site.requests]


def test_all_models_come_with_all_their_rows(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    run = crawl(start())
    assert run.status == 0
    rows = [dataset.row(row) for name in dataset.models for row in dataset.latest(name)]
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert len(table) == len(rows) == run.summary["records"]
    keys = pd.Series([hwkey(r["hardware"], r["framework"], _method(r)) for r in rows]).value_counts().to_dict()
    assert table["hwKey"].value_counts().to_dict() == keys
    assert table["conc"].tolist() == [row["conc"] for row in rows]


def _method(row: dict[str, Any]) -> str | None:
    return None if row["isl"] is None else row["spec_method"]


def test_the_site_is_asked_what_it_has_before_anything_else(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    site = start()
    crawl(site)
    assert set(asked(site)[:2]) == {"/api/openapi.json", "/api/v1/availability"}
    assert len(asked(site)) == 2 + len(dataset.models)


def test_the_csvs_begin_as_those_of_the_static_generation(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), "-a", "models=dsr1")
    for name in CSVS:
        header, first = list(csv.reader(io.StringIO(run.read(name).decode(), newline="")))[:2]
        assert header[:3] == ["model_name", "sequence_length", "conc"]
        assert header[3:16] == [
            *("costh_roof", "costh_y", "costn_roof", "costn_y", "costr_roof", "costr_y", "hwKey", "precision", "tp"),
            *("tpPerGpu_roof", "tpPerGpu_y", "tpPerMw_roof", "tpPerMw_y"),
        ]
        assert header[16:18] in (["x", "y"], ["e2e_x", "e2e_y"])
        assert "p99.9_ttft" in header
        assert first[0] == "DeepSeek-R1-0528"


def test_raw_bodies_are_those_that_were_served(start: Start, crawl: Crawl) -> None:
    site = start()
    run = crawl(site, "-a", "models=GLM-5")
    metadata, body = run.raw("benchmarks-GLM-5.json")
    assert body == site.resource("/api/v1/benchmarks", "model=GLM-5").body
    assert metadata["newest"].keys() == {"glm5", "glm5.1"}


def test_a_replay_gives_the_same_files_without_the_network(start: Start, crawl: Crawl, tmp_path: Path) -> None:
    run = crawl(start(), "-a", "mode=history")
    again = crawl(None, "-a", f"replay={tmp_path}/output/inferencex/latest")
    assert run.status == again.status == 0
    for name in (*CSVS, "benchmarks.parquet"):
        assert again.read(name) == run.read(name), name
    assert again.summary["timings"]["requests"] == 0


def test_history_is_asked_for_by_model_and_sequence(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    site = start()
    run = crawl(site, "-a", "mode=history", "-a", "models=kimik2.5")
    requests = asked(site)[2:]
    assert all(request.startswith("/api/v1/benchmarks/history?model=Kimi-K2.5") for request in requests)
    assert any("benchmarkType=agentic_traces" in request for request in requests)
    assert run.summary["records"] == len(dataset.runs("Kimi-K2.5"))


def test_only_days_that_the_site_has_are_asked_for(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    site = start(bad_date_500=True)
    run = crawl(site, "-a", "mode=exact", "-a", "since=2026-01-01", "-a", "models=gptoss120b")
    days = {request.split("date=")[1].split("&")[0] for request in asked(site)[2:]}
    assert run.status == 0
    assert days == {day for day in dataset.dates if day >= "2026-01-01"}


def test_as_of_a_day_between_two_asks_for_the_one_before(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    site = start(bad_date_500=True)
    run = crawl(site, "-a", "mode=as_of", "-a", f"date={dataset.dates[2]}", "-a", "models=dsr1")
    assert run.status == 0
    assert f"date={dataset.dates[2]}" in asked(site)[-1]


def test_when_nothing_is_new_the_run_makes_two_requests_and_is_complete(start: Start, crawl: Crawl) -> None:
    first = crawl(start())
    site = start()
    run = crawl(site, "-a", "only_changed=1")
    assert run.status == 0
    assert len(asked(site)) == 2
    assert run.summary["carried_over"] == [first.place.name]
    assert first.place.name in run.stdout
    for name in CSVS:
        assert run.read(name) == first.read(name)


def test_only_the_model_with_news_is_asked_for(start: Start, crawl: Crawl) -> None:
    crawl(start())
    site = start(content=ApiContent(ApiDataset(days=1)))
    run = crawl(site, "-a", "only_changed=1")
    assert run.status == 0
    assert asked(site)[2:] == ["/api/v1/benchmarks?model=gpt-oss-120b"]
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert table.groupby("model")["date"].max()["gptoss120b"] == "2026-05-06"


def test_a_model_that_brings_nothing_is_named(start: Start, crawl: Crawl) -> None:
    run = crawl(start("empty@*model=GLM-5"))
    assert run.status == 3
    assert "GLM-5: empty: an empty array where records were expected" in run.stdout
    for key in ("glm5", "glm5.1"):
        assert f"model key {key} is available (of GLM-5), and no response covered it" in run.stdout


def test_a_key_that_no_display_name_explains_is_named(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    entries = [*dataset.availability(), {**dataset.availability()[0], "model": "newcomer1"}]
    content = Overlaid(ApiContent(dataset), "/api/v1/availability", json.dumps(entries).encode())
    run = crawl(start(content=content))
    assert run.status == 3
    assert "model key newcomer1 is available (no display name is known for it)" in run.stdout


def test_a_stale_answer_is_named(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    content = Overlaid(ApiContent(ApiDataset(days=1)), "/api/v1/benchmarks", b"", ApiContent(dataset))
    run = crawl(start(content=content))
    assert run.status == 3
    assert "model key gptoss120b: the newest rows are of 2026-05-05, 2026-05-06 is available" in run.stdout


class Overlaid:
    """Content of which one path answers something else: a body, or what another content has there."""

    def __init__(self, below: Any, path: str, body: bytes, other: Any = None) -> None:
        self.below, self.path, self.body, self.other = below, path, body, other

    def get(self, path: str, query: str) -> Any:
        """Return what is at *path*."""
        if path != self.path:
            return self.below.get(path, query)
        return self.other.get(path, query) if self.other else type(self.below.get(path, query))(self.body)


def test_a_site_without_openapi_is_crawled_by_the_built_in_names(start: Start, crawl: Crawl) -> None:
    run = crawl(start(openapi=False))
    assert run.status == 0
    assert run.endpoints[0]["state"] == "failed"
    assert run.summary["endpoints"]["failed"] == 1


def test_robots_txt_is_not_asked_by_default_and_obeyed_when_told(start: Start, crawl: Crawl) -> None:
    site = start()
    assert crawl(site, "-a", "models=glm5").status == 0
    assert "/robots.txt" not in asked(site)
    site = start()
    run = crawl(site, ROBOTSTXT_OBEY=1)
    assert run.status == 1
    assert asked(site) == ["/robots.txt"]
    assert "the site does not want to be asked" in run.stdout


def test_a_model_that_does_not_exist_is_named_with_those_that_do(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), "-a", "models=glm5,nope")
    assert run.status == 3
    assert "no model is called 'nope'; valid: DeepSeek-R1-0528, " in run.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mode=weekly",), "spider argument mode='weekly'"),
        (("mode=as_of",), "mode=as_of needs a date"),
        (("mode=exact",), "mode=exact needs date=YYYY-MM-DD"),
        (("date=2026-03-01",), "date is not for mode=latest"),
        (("mode=as_of", "date=yesterday"), "'yesterday' is no day"),
        (("mode=history", "since=2026-05-01", "until=2026-01-01"), "since=2026-05-01 is after until=2026-01-01"),
        (("sequences=2k/2k",), "unknown sequence '2k/2k'"),
        (("mode=as_of", "date=2026-02-30"), "spider argument date: '2026-02-30' is no day: day is out of range"),
        (
            ("datasets=benchmarks,prices",),
            "spider argument datasets: unknown dataset 'prices'; valid: benchmarks, evaluations, reliability, ",
        ),
    ],
)
def test_wrong_arguments_are_refused(crawl: Crawl, arguments: tuple[str, ...], message: str) -> None:
    run = crawl(None, *(part for argument in arguments for part in ("-a", argument)))
    assert run.status == 2
    assert message in run.stderr
    assert run.folder is None


def test_the_further_datasets_become_a_csv_and_a_parquet_file_each(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), "-a", "datasets=evaluations,reliability,submissions,workflow_info")
    assert run.status == 0
    for name in ("evaluations", "reliability", "submissions", "workflow_info"):
        table = pd.read_parquet(run.place / f"{name}.parquet")
        assert len(table) == len(run.cells(f"{name}.csv")) > 0
    assert set(pd.read_parquet(run.place / "submissions.parquet")["section"]) == {"summary", "volume"}


def test_a_sequence_can_be_chosen(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), "-a", "sequences=agentic", "-a", "models=kimik2.5")
    assert run.status == 0
    assert set(pd.read_parquet(run.place / "benchmarks.parquet")["sequence_length"]) == {"agentic-traces"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded responses are not on this machine")
@pytest.mark.parametrize(("mode", "rows"), [("latest", 435), ("history", 1369)])
def test_the_recorded_api_comes_whole(start: Start, crawl: Crawl, mode: str, rows: int) -> None:
    run = crawl(start(content=RecordedApi(RECORDED)), "-a", f"mode={mode}", "-a", "models=dsr1")
    assert run.status == 0
    assert (run.summary["records"], run.summary["rejected"]) == (rows, 0)
    assert sum(count > 0 for count in run.summary["hwkeys"]["run"].values()) == 35


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded responses are not on this machine")
def test_the_recorded_datasets_come_whole(start: Start, crawl: Crawl) -> None:
    run = crawl(start(content=RecordedApi(RECORDED)), "-a", "datasets=evaluations,reliability", "-a", "models=dsr1")
    assert run.status == 0
    assert len(pd.read_parquet(run.place / "evaluations.parquet")) == 540
    assert len(pd.read_parquet(run.place / "reliability.parquet")) == 3557
