"""Records that the live API should not have sent, and connections that it closes: nothing else is lost with them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import ApiDataset
from tests.crawl.page import SiteFault, site_faults
from tests.crawl.runs import IMPATIENT, Run

Start = Callable[..., DemoSite]
Crawl = Callable[..., Run]

MODEL = "gpt-oss-120b"
AT = f"@*model={MODEL}"


@pytest.fixture(scope="module")
def rows(dataset: ApiDataset) -> int:
    return len(dataset.latest(MODEL))


def crawled(start: Start, crawl: Crawl, fault: str) -> Run:
    return crawl(start(fault + AT), "-a", f"models={MODEL}")


@pytest.mark.parametrize("fault", site_faults("Faults of the live API"), ids=str)
def test_each_fault_has_the_state_the_message_and_the_status_of_its_row(
    start: Start, crawl: Crawl, fault: SiteFault
) -> None:
    site = start(fault.spec + AT)
    run = crawl(site, "-a", f"models={MODEL},glm5", **IMPATIENT)
    (damaged,) = [endpoint for endpoint in run.endpoints if endpoint["model"] == MODEL]
    assert (damaged["state"], run.status) == (fault.state, fault.exit_status)
    assert fault.message in run.stdout
    assert damaged["attempts"] == (2 if fault.retried else 1)


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("wrong_types", {"conc", "metrics", "hardware", "precision", "disagg"}),
        ("non_positive", {"conc", "decode_tp", "num_prefill_gpu", "isl"}),
        ("malformed_hwkey", {"hardware", "framework"}),
    ],
)
def test_a_refused_row_costs_nothing_but_itself(
    start: Start, crawl: Crawl, rows: int, fault: str, fields: set[str]
) -> None:
    run = crawled(start, crawl, fault)
    refused = -(-rows // 10)
    assert run.status == 3
    assert (run.summary["records"], run.summary["rejected"]) == (rows - refused, refused)
    assert f"{MODEL}: {refused} of {rows} records rejected; see rejected.jsonl" in run.stdout
    assert {fault["field"] for line in run.lines("rejected.jsonl") for fault in line["faults"]} == fields


def test_a_hwkey_that_was_once_lost_in_silence_is_required_of_the_newest_rows(start: Start, crawl: Crawl) -> None:
    run = crawled(start, crawl, "missing_hwkey=b200_trt")
    assert run.status == 3
    assert f"{MODEL}: the expected hwKey b200_trt is missing from all of its 1 endpoints" in run.stdout
    day = crawl(start("missing_hwkey=b200_trt" + AT), "-a", f"models={MODEL}", "-a", "sequences=1k/1k")
    assert day.status == 0


def test_a_list_of_display_names_that_is_out_of_order_is_not_taken_for_absent(start: Start, crawl: Crawl) -> None:
    run = crawl(start("status=500@*openapi.json"), "-a", f"models={MODEL}", **IMPATIENT)
    assert run.status == 3
    assert "openapi: failed: HTTP 500" in run.stdout
    assert run.summary["records"] > 0


def test_an_availability_that_is_too_large_is_not_a_refusal_of_the_site(start: Start, crawl: Crawl) -> None:
    run = crawl(start(), "-a", f"models={MODEL}", DOWNLOAD_MAXSIZE=2000)
    assert "availability: failed: body larger than 2000 bytes; raise DOWNLOAD_MAXSIZE" in run.stdout
    assert "does not want to be asked" not in run.stdout


def test_a_metric_that_is_no_number_is_kept_aside(start: Start, crawl: Crawl, rows: int) -> None:
    run = crawled(start, crawl, "nan=40")
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert len(table) == rows
    damaged = table.iloc[::40]
    names = ["median_e2el", "tput_per_gpu", "median_intvty", "tput_per_gpu"] * rows
    aside = [json.loads(extra)["metrics"] for extra in damaged["extra"]]
    assert [name in kept for name, kept in zip(names, aside, strict=False)] == [True] * len(damaged)
    assert [row[name] for name, (_, row) in zip(names, damaged.isna().iterrows(), strict=False)] == [True] * len(
        damaged
    )
    assert damaged["tpPerGpu_y"].isna().sum() == sum(name == "tput_per_gpu" for name in names[: len(damaged)])
    assert "values of metrics are no finite numbers" in run.stdout


def test_repeated_rows_are_all_kept_and_reported(start: Start, crawl: Crawl, rows: int) -> None:
    run = crawled(start, crawl, "duplicate=50")
    assert run.summary["records"] == rows + -(-rows // 50)
    assert len(run.summary["duplicates"]) == -(-rows // 50)
    assert all(isinstance(identity["isl"], int) for identity in run.summary["duplicates"])


def test_fields_that_nobody_declared_are_kept_and_counted(start: Start, crawl: Crawl) -> None:
    run = crawled(start, crawl, "unknown_field=10")
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert run.status == 0
    assert json.loads(table["extra"][0])["power"] == {"watts": 700, "source": "meter"}
    assert json.loads(table["extra"][10])["metrics"]["joules"] == 1.5
    assert run.summary["unknown_fields"]["metrics.joules"] == len(table.iloc[10::20])


def test_a_connection_that_was_closed_while_idle_costs_no_record(start: Start, crawl: Crawl) -> None:
    site = start(idle_seconds=0.25)
    run = crawl(site, CONCURRENT_REQUESTS=1, DOWNLOAD_DELAY=0.8)
    pauses = [later.time - earlier.time for earlier, later in zip(site.requests, site.requests[1:], strict=False)]
    assert min(pauses) > site.idle_seconds
    assert run.status == 0
    assert {endpoint["attempts"] for endpoint in run.endpoints} == {1}
