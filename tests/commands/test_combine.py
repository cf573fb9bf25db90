"""``scrapy combine``: shards give the files that one run would have written, and what is missing is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.demo import Dataset, DemoSite, Fault, GeneratedContent
from inferencemax_spider.demo.api import ApiContent, ApiDataset, models
from inferencemax_spider.demo.content import LayeredContent
from inferencemax_spider.shards import Shard, folder_name
from inferencemax_spider.versions import compress
from inferencemax_spider.versions.combine import Parts
from inferencemax_spider.versions.stored import StoredVersion
from tests.commands.stored import CSVS, command, copied

OUTPUTS = (*CSVS, "benchmarks.parquet")
SPIDERS = ("inferencemax", "inferencex")
SHARDS = 3
EMPTY = "history-Demo-007B-agentic-traces"


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with DemoSite(LayeredContent(GeneratedContent(Dataset()), ApiContent(ApiDataset()))) as site:
        yield site


@pytest.fixture(scope="module")
def made(site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the shards of both spiders, and ``whole`` next to it with unsharded runs."""
    output = tmp_path_factory.mktemp("shards") / "output"
    for spider in SPIDERS:
        for number in range(1, SHARDS + 1):
            crawl(site, output, spider, "-a", f"shard={number}/{SHARDS}")
        crawl(site, output.with_name("whole"), spider)
    return output


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the store with the shards."""
    return copied(made, tmp_path / "output")


def crawl(site: DemoSite, output: Path, spider: str, *args: str, status: int = 0) -> None:
    run = command(output, "crawl", spider, "-a", f"base_url={site.base_url}", *args)
    assert run.status == status, run.output


def latest(output: Path, spider: str) -> Path:
    return (output / spider / "latest").resolve()


def summary(version: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((version / "summary.json").read_text())
    return loaded


def shard(output: Path, spider: str, number: int) -> Path:
    return output / f"{spider}-shard-{number}-of-{SHARDS}"


@pytest.mark.parametrize("spider", SPIDERS)
def test_all_shards_give_what_one_run_gives(output: Path, made: Path, spider: str) -> None:
    run = command(output, "combine", spider)
    one, several = latest(made.with_name("whole"), spider), latest(output, spider)
    assert run.status == 0, run.output
    assert {name: (several / name).read_bytes() for name in OUTPUTS} == {
        name: (one / name).read_bytes() for name in OUTPUTS
    }
    assert summary(several)["arguments"] == summary(one)["arguments"] == {}
    assert summary(several)["promised"] == summary(one)["promised"]


@pytest.mark.parametrize("spider", SPIDERS)
def test_no_shard_asks_for_what_another_does(made: Path, spider: str) -> None:
    parts = [summary(latest(made, f"{spider}-shard-{number}-of-{SHARDS}")) for number in range(1, SHARDS + 1)]
    urls = [detail["url"] for part in parts for detail in part["endpoint_details"] if detail["model"]]
    assert len(urls) == len(set(urls))
    assert sorted(urls) == sorted(entry["url"] for entry in parts[0]["shard"]["plan"])
    assert parts[0]["shard"]["plan"] == parts[1]["shard"]["plan"] == parts[2]["shard"]["plan"]


@pytest.mark.parametrize("spider", SPIDERS)
def test_a_lost_shard_is_named_with_each_endpoint_that_it_would_have_brought(output: Path, spider: str) -> None:
    lost = [d["url"] for d in summary(latest(output, shard(output, spider, 2).name))["endpoint_details"] if d["model"]]
    shutil.rmtree(shard(output, spider, 2))
    run = command(output, "combine", spider)
    failed = [d for d in summary(latest(output, spider))["endpoint_details"] if d["state"] == "failed"]
    assert run.status == 3
    assert f"scrapy combine: error: shard 2/{SHARDS} is missing" in run.stderr
    assert sorted(detail["url"] for detail in failed) == sorted(lost)
    assert {detail["reason"] for detail in failed} == {f"shard 2/{SHARDS} did not bring it"}


def test_a_shard_that_came_late_repairs_it(output: Path, made: Path, site: DemoSite) -> None:
    shutil.rmtree(shard(output, "inferencex", 1))
    assert command(output, "combine", "inferencex").status == 3
    crawl(site, output, "inferencex", "-a", f"shard=1/{SHARDS}")
    assert command(output, "combine", "inferencex").status == 0
    for name in CSVS:
        whole = latest(made.with_name("whole"), "inferencex") / name
        assert (latest(output, "inferencex") / name).read_bytes() == whole.read_bytes()


def test_compressed_shards_from_several_folders_are_combined(output: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "node-2"
    elsewhere.mkdir()
    shutil.move(shard(output, "inferencemax", 3), elsewhere)
    versions = [latest(output, shard(output, "inferencemax", number).name) for number in (1, 2)]
    versions.append(latest(elsewhere, shard(output, "inferencemax", 3).name))
    compress.compress(versions[0] / "raw")
    run = command(output, "combine", "inferencemax", *map(str, versions))
    assert run.status == 0, run.output
    assert summary(latest(output, "inferencemax"))["endpoints"]["ok"] == 18


def test_endpoints_are_the_same_whatever_parameters_their_urls_have_besides(output: Path) -> None:
    parts = [latest(output, shard(output, "inferencex", number).name) for number in range(1, SHARDS + 1)]
    for part in parts:
        found = summary(part)
        for detail in found["endpoint_details"]:
            # As a page asks that adds what it needs for itself.
            detail["url"] += "&_rsc=1" if "?" in detail["url"] else "?_rsc=1"
        (part / "summary.json").write_text(json.dumps(found))
    run = command(output, "combine", "inferencex")
    assert run.status == 0, run.output
    assert Parts(list(map(StoredVersion, parts))).lacking == []


def test_of_an_endpoint_that_was_asked_for_again_the_answer_of_use_is_taken(made: Path, tmp_path: Path) -> None:
    first, second = ("-a", "_job=inferencex-day-0000000001"), ("-a", "_job=inferencex-day-0000000002")
    store = tmp_path / "again"
    everything = LayeredContent(GeneratedContent(Dataset()), ApiContent(ApiDataset()))
    # Each run loses another model: only the two together have all.
    lost = [Fault.parse(f"status=404,times=1@*benchmarks?model={model}*") for model in ("GLM-5", "Kimi-K2.5")]
    for number, job in enumerate((first, second)):
        with DemoSite(everything, lost[number : number + 1]) as faulty:
            crawl(faulty, store, "inferencex", "-a", "shard=1/1", *job, status=3)
    run = command(store, "combine", "inferencex")
    assert run.status == 0, run.output
    one, both = latest(made.with_name("whole"), "inferencex"), latest(store, "inferencex")
    assert {name: (both / name).read_bytes() for name in OUTPUTS} == {
        name: (one / name).read_bytes() for name in OUTPUTS
    }


def test_a_shard_may_bring_nothing_of_a_model_whose_sequences_can_only_be_tried(tmp_path: Path) -> None:
    # Of Demo-007B, which nobody knows, two sequences are empty: in the second of three parts there is nothing else.
    content = ApiContent(ApiDataset(models=models(7)), history_rows=3000)
    alone = next(shard for shard in map(Shard, range(1, 900), repeat(899)) if shard.takes(f"{EMPTY}.json"))
    with DemoSite(content) as site:
        for part in (*(Shard(number, SHARDS) for number in range(1, SHARDS + 1)), alone):
            crawl(site, tmp_path, "inferencex", "-a", "mode=history", "-a", f"shard={part}")
        crawl(site, tmp_path / "whole", "inferencex", "-a", "mode=history")
    assert states(tmp_path, Shard(2, SHARDS), "Demo-007B") == ["empty", "empty"]
    assert states(tmp_path, alone) == ["empty"]
    shutil.rmtree(tmp_path / folder_name("inferencex", alone))
    run = command(tmp_path, "combine", "inferencex")
    assert run.status == 0, run.output
    whole, several = latest(tmp_path / "whole", "inferencex"), latest(tmp_path, "inferencex")
    assert {name: (several / name).read_bytes() for name in OUTPUTS} == {
        name: (whole / name).read_bytes() for name in OUTPUTS
    }


def states(output: Path, part: Shard, model: str = "") -> list[str]:
    """Return the states of the endpoints of a shard that are of a *model*, or of any."""
    details = summary(latest(output, folder_name("inferencex", part)))["endpoint_details"]
    return [detail["state"] for detail in details if detail["model"] and model in detail["model"]]


def test_shards_of_two_slots_are_not_put_together(output: Path, site: DemoSite) -> None:
    for number, slot in ((1, "monday"), (2, "tuesday")):
        job = f"_job=inferencex-{slot}-0123456789"
        crawl(site, output, "inferencex", "-a", f"shard={number}/{SHARDS}", "-a", job)
    run = command(output, "combine", "inferencex")
    assert run.status == 2
    assert "scrapy combine: error: these are not shards of one plan: slot is monday and tuesday\n" in run.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "name a spider"),
        (
            ("inferencex", "-a", "models=dsr1"),
            "-a, --slot and --node name the jobs of a fanout; give its --shards as well",
        ),
        (("nope",), "there is no spider 'nope'; valid: dashboard, "),
        (("dashboard",), "there are no shards of dashboard in"),
        (("inferencemax", "inferencex-shard-1-of-3/latest"), "these are shards of inferencex, not of inferencemax"),
        (("inferencex", *["inferencex-shard-1-of-3/latest"] * 2), "shard 1/3 is there twice"),
        (
            ("inferencex", "inferencex-shard-1-of-3/latest", "inferencemax-shard-2-of-3/latest"),
            "these are not shards of one plan: spider is inferencemax and inferencex",
        ),
    ],
)
def test_what_cannot_be_combined_is_refused(made: Path, args: tuple[str, ...], message: str) -> None:
    run = command(made, "combine", *args)
    assert run.status == 2
    assert f"scrapy combine: error: {message}" in run.stderr or message in run.stderr
    assert not (made / "inferencex").exists()


def test_a_version_that_is_no_shard_is_refused(made: Path) -> None:
    whole = latest(made.with_name("whole"), "inferencex")
    run = command(made, "combine", "inferencex", str(whole))
    assert (run.status, run.stderr.splitlines()[-1]) == (
        2,
        f"scrapy combine: error: {whole} is no shard: its run was not given shard=K/N",
    )


def test_a_shard_with_nothing_to_do_is_complete(site: DemoSite, tmp_path: Path) -> None:
    run = command(tmp_path, "crawl", "inferencemax", "-a", f"base_url={site.base_url}", "-a", "shard=1/900")
    assert run.status == 0, run.output
    assert "COMPLETE" in run.stdout
