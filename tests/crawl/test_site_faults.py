"""Every fault that a site can have ends as the tables in docs/faults.md say."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES
from inferencemax_spider.demo import DemoSite, GeneratedContent
from inferencemax_spider.demo.damage import DAMAGE
from inferencemax_spider.demo.faults import KINDS, PAGE_KINDS
from tests.crawl.conftest import Crawl, Start, crawling, selected
from tests.crawl.page import SiteFault, site_faults
from tests.crawl.runs import BROKEN, IMPATIENT, SMALL, WHOLE, Run

FOLDER = "/data/inference-performance"
FAULTS = site_faults()
ASKED_MORE_OFTEN = {"redirect", "close"}
"""A redirect may lead back here; and a request that finds its idle connection closed is sent again at once by Twisted,
within one attempt."""


@dataclass(frozen=True)
class Case:
    """A row of the table, and the crawl in which it happened to one of two endpoints."""

    fault: SiteFault
    site: DemoSite
    run: Run

    @property
    def kind(self) -> str:
        """The kind of the fault."""
        return self.fault.parsed.kind

    @property
    def broken(self) -> dict[str, Any]:
        """What the summary says of the endpoint that was hit."""
        return self.run.endpoints[0]

    def body(self, name: str) -> bytes:
        """Return the body of this file name, when nothing goes wrong."""
        return self.site.resource(f"{FOLDER}/{name}", "").body

    def sent(self) -> bytes:
        """Return the bytes that the site sent as the body of the endpoint that was hit."""
        fault, resource = self.fault.parsed, self.site.resource(f"{FOLDER}/{BROKEN}", "")
        if fault.kind in {"truncate", "chunk_truncate"}:
            return resource.gzipped[: len(resource.gzipped) // 2]
        if fault.kind == "redirect" and fault.to.startswith("/"):
            return self.site.resource(fault.to, "").body
        return DAMAGE[fault.kind](resource, fault).body if fault.kind in DAMAGE else resource.body


@pytest.fixture(scope="module")
def cases(
    request: pytest.FixtureRequest, content: GeneratedContent, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Case]]:
    """Return the crawls of the rows that were selected, by name; as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {
            name: pool.submit(crawled, fault, content, tmp_path_factory.mktemp("fault"))
            for name, fault in selected(request, "case").items()
        }


def crawled(fault: SiteFault, content: GeneratedContent, output: Path) -> Case:
    with DemoSite(content, [fault.parsed]) as site:
        return Case(fault, site, crawling(output)(site, *SMALL, **IMPATIENT, **fault.settings))


@pytest.fixture(params=FAULTS, ids=str)
def case(request: pytest.FixtureRequest, cases: dict[str, Future[Case]]) -> Case:
    return cases[str(request.param)].result()


def test_the_exit_status_is_that_of_the_table(case: Case) -> None:
    assert case.run.status == case.fault.exit_status == case.run.summary["exit_status"]


def test_the_state_is_that_of_the_table_and_the_states_add_up(case: Case) -> None:
    states = case.run.summary["endpoints"]
    assert case.broken["state"] == case.fault.state
    assert states["planned"] == 2 == sum(states.values()) - states["planned"]


def test_the_message_is_that_of_the_table(case: Case) -> None:
    assert case.fault.message in case.run.stdout
    if case.fault.state != "ok":
        line = f"gpt-oss 120B 1k-1k e2e: {case.fault.state}: {case.broken['reason']}"
        assert case.fault.message in case.broken["reason"]
        assert line in case.run.stdout
        assert line in case.run.stderr
    if case.fault.exit_status == 0:
        assert " ERROR: " not in case.run.stderr


def test_it_is_retried_if_the_table_says_so(case: Case) -> None:
    asked = [request for request in case.site.requests if request.path.endswith(BROKEN)]
    assert case.broken["attempts"] == 1 + case.fault.retried
    if case.kind not in ASKED_MORE_OFTEN:
        assert len(asked) == case.broken["attempts"]


def test_the_other_endpoint_is_unaffected(case: Case) -> None:
    other = case.run.endpoints[1]
    assert (other["state"], other["records"], other["rejected"]) == ("ok", 150, 0)
    assert case.run.raw(WHOLE)[1] == case.body(WHOLE)


def test_a_body_that_came_is_kept_as_it_was_sent(case: Case) -> None:
    if case.broken["http_status"] is None:
        assert case.broken["exception"]
        assert not (case.run.place / "raw" / BROKEN).exists()
        return
    metadata, body = case.run.raw(BROKEN)
    assert body == case.sent()
    assert (metadata["bytes"], metadata["sha256"]) == (len(body), sha256(body).hexdigest())
    assert (metadata["state"], metadata["reason"]) == (case.fault.state, case.broken["reason"])


def test_an_endpoint_without_records_is_a_line_of_failures_jsonl(case: Case) -> None:
    if case.fault.state == "ok":
        assert not (case.run.place / "failures.jsonl").exists()
        return
    (failure,) = case.run.lines("failures.jsonl")
    names = ("url", "state", "reason", "http_status", "exception", "attempts", "curl")
    assert {name: failure[name] for name in names} == {name: case.broken[name] for name in names}


def received(case: Case) -> list[Any]:
    """Return the records as they were sent, one by one."""
    document = json.loads(case.sent())
    records: list[Any] = document if isinstance(document, list) else document["data"]
    return records


def test_refused_records_stand_in_rejected_jsonl_as_received(case: Case) -> None:
    if not case.broken["rejected"]:
        assert not (case.run.place / "rejected.jsonl").exists()
        return
    lines = case.run.lines("rejected.jsonl")
    every = case.fault.parsed.every if "every" in KINDS[case.fault.parsed.kind] else 1
    assert [line["index"] for line in lines] == list(range(0, 150, every))
    for line in lines:
        record = line["record"] if isinstance(line["record"], dict) else json.loads(line["record"])
        assert json.dumps(record) == json.dumps(received(case)[line["index"]])
        assert line["url"].endswith(BROKEN)
        assert all(fault["field"] and fault["reason"] for fault in line["faults"])


def test_nothing_else_of_the_response_is_lost(case: Case) -> None:
    if case.fault.state != "ok":
        return
    refused = {line["index"] for line in case.run.lines("rejected.jsonl")} if case.broken["rejected"] else set()
    kept = [str(record["x"]) for index, record in enumerate(received(case)) if index not in refused]
    assert case.run.cells("inference_max_e2e.csv")["x"].tolist() == kept
    assert case.broken["records"] == len(kept)


def test_every_fault_that_the_site_knows_is_in_the_table() -> None:
    assert {fault.parsed.kind for fault in FAULTS} == KINDS.keys() - PAGE_KINDS.keys()


def test_faults_that_pass_are_recovered_from(start: Start, crawl: Crawl) -> None:
    retried = [fault for fault in FAULTS if fault.retried]
    names = [f"{m.slug}-{s.slug}-{kind}.json" for m in MODELS for s in SEQUENCES for kind in DATA_TYPES]
    aimed = dict(zip(names, retried, strict=False))
    assert len(aimed) == len(retried)
    site = start(*(fault.at(name, times=1) for name, fault in aimed.items()))
    run = crawl(site, **IMPATIENT, DOWNLOAD_TIMEOUT=1)
    attempts = [entry["attempts"] for entry in run.endpoints]
    again = [fault.parsed.kind not in ASKED_MORE_OFTEN for fault in aimed.values()]
    assert run.status == 0, run.stdout
    assert [count == 2 for count, due in zip(attempts, again, strict=False) if due] == [True] * sum(again)
    assert run.summary["timings"]["retries"] == sum(attempts) - len(attempts)


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ("wrong_types", ["conc", "y", "hwKey", "tp", "tpPerGpu.roof"]),
        ("nan", ["x", "y", "x", "y"]),
        ("non_positive", ["x", "y", "conc", "tp"]),
        ("y_mismatch", ["y"]),
        ("malformed_hwkey", ["hwKey"]),
    ],
)
def test_a_refused_record_names_the_field_that_is_wrong(
    spec: str, fields: list[str], start: Start, crawl: Crawl
) -> None:
    run = crawl(start(f"{spec}@{BROKEN}"), *SMALL)
    found = [[fault["field"] for fault in line["faults"]] for line in run.lines("rejected.jsonl")]
    assert len(found) == 15
    for place, names in enumerate(found):
        assert fields[place % len(fields)] in names
