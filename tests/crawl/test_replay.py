"""Replaying stored raw files, and taking a sample of the plan."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.crawl.conftest import Crawl, Healthy, Start
from tests.crawl.runs import BROKEN, IMPATIENT, SMALL, WHOLE

CSVS = [f"inference_max_{name}.csv" for name in ("e2e", "interactivity", "merged")]
FAULTS = (
    "nan@deepseek-*",
    "truncated_gzip@gpt-oss-*-1k_1k-e2e.json",
    "truncate@gpt-oss-*-1k_8k-e2e.json",
    "not_utf8@gpt-oss-*-8k_1k-e2e.json",
    "html@llama-*-1k_1k-e2e.json",
    "status=503@llama-*-1k_8k-e2e.json",
    "empty@llama-*-8k_1k-e2e.json",
)


def test_a_replay_gives_the_same_bytes_and_asks_nobody(healthy: Healthy, crawl: Crawl) -> None:
    before = len(healthy.site.requests)
    run = crawl(None, "-a", f"replay={healthy.run.folder}")
    assert run.status == 0
    for name in (*CSVS, "benchmarks.parquet"):
        assert run.read(name) == healthy.run.read(name), name
    assert run.summary["timings"]["requests"] == 0
    assert len(healthy.site.requests) == before


def test_a_replay_says_what_it_replayed(healthy: Healthy, crawl: Crawl) -> None:
    run = crawl(None, "-a", f"replay={healthy.output}/inferencemax/latest")
    metadata, body = run.raw(BROKEN)
    original, served = healthy.run.raw(BROKEN)
    assert metadata["replayed_from"] == healthy.run.place.name
    assert body == served
    assert {**metadata, "replayed_from": None} == original


def test_faults_are_replayed_as_they_were(start: Start, crawl: Crawl) -> None:
    run = crawl(start(*FAULTS), **IMPATIENT)
    again = crawl(None, "-a", f"replay={run.folder}")
    assert again.status == run.status == 3
    for name in CSVS:
        assert again.read(name) == run.read(name), name
    assert sorted(again.read("rejected.jsonl").splitlines()) == sorted(run.read("rejected.jsonl").splitlines())
    names = ("state", "reason", "http_status", "attempts", "records", "rejected", "bytes", "sha256")
    for ours, theirs in zip(run.endpoints, again.endpoints, strict=True):
        assert {name: theirs[name] for name in names} == {name: ours[name] for name in names}


def test_damaged_raw_files_are_named_and_cost_nothing_else(healthy: Healthy, crawl: Crawl, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(healthy.run.place / "raw", raw)
    text = (raw / BROKEN).read_bytes()
    changed = text.replace(b'"conc":', b'"Conc":', 1)
    contents = [changed, text[: len(text) // 2], b"", b"{}", b'{"metadata": {},\n"data": []}\n']
    damaged = dict(zip(sorted(raw.iterdir()), contents, strict=False))
    for path, content in damaged.items():
        path.write_bytes(content)
    run = crawl(None, "-a", f"replay={tmp_path}")
    assert run.status == 3
    assert run.summary["endpoints"]["ok"] == 18 - len(damaged)
    for path in damaged:
        assert f"failed: raw file {path.name}: " in run.stdout


def test_the_raw_file_of_another_endpoint_is_refused(healthy: Healthy, crawl: Crawl, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(healthy.run.place / "raw", raw)
    shutil.copy(raw / WHOLE, raw / BROKEN)
    run = crawl(None, *SMALL, "-a", f"replay={tmp_path}")
    assert run.status == 3
    assert [entry["state"] for entry in run.endpoints] == ["failed", "ok"]
    assert f"failed: raw file {BROKEN}: " in run.stdout


def test_a_sample_takes_the_first_endpoints_of_the_plan(start: Start, crawl: Crawl) -> None:
    site = start()
    run = crawl(site, "-a", "sample=4")
    assert run.status == 0
    assert [Path(entry["url"]).name for entry in run.endpoints] == [
        "deepseek-r1-0528-1k_1k-e2e.json",
        "deepseek-r1-0528-1k_1k-interactivity.json",
        "deepseek-r1-0528-1k_8k-e2e.json",
        "deepseek-r1-0528-1k_8k-interactivity.json",
    ]
    assert len(site.requests) == 5


def test_arguments_choose_in_any_spelling_and_keep_catalogue_order(start: Start, crawl: Crawl) -> None:
    arguments = ("-a", "models=LLAMA, GPT-OSS", "-a", "sequences=8K / 1K,1k_1k", "-a", "data_types=E2E")
    run = crawl(start(), *arguments)
    assert [Path(entry["url"]).name for entry in run.endpoints] == [
        "gpt-oss-120b-1k_1k-e2e.json",
        "gpt-oss-120b-8k_1k-e2e.json",
        "llama-3_3-70b-instruct-fp8-1k_1k-e2e.json",
        "llama-3_3-70b-instruct-fp8-8k_1k-e2e.json",
    ]
    assert run.status == 0
