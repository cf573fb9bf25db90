"""``scrapy collect``: the primary, the fallback where that is not complete, and the better result for everybody."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from inferencemax_spider.notify.channels import VARIABLE
from tests.collecting.collected import HALF_STATIC, LIVE, NO_LIVE, NO_STATIC, STATIC, Start, asked, collect, versions
from tests.collecting.spiders import MISSING
from tests.commands.stored import command
from tests.crawl import runs
from tests.notify.receivers import web_server


def test_a_complete_primary_is_published_as_it_is_and_the_fallback_is_not_needed(start: Start, output: Path) -> None:
    site = start()
    done = collect(output, site)
    (origin,) = versions(output, STATIC)
    assert (done.status, done.warnings) == (0, [])
    assert not asked(site, "/api/")
    assert not (output / LIVE).exists()
    assert done.version.name == origin.name
    published, collected = runs.snapshot(done.version), runs.snapshot(origin)
    summaries = [json.loads(files.pop("summary.json")) for files in (published, collected)]
    assert published == collected
    assert {name: summaries[0][name] for name in summaries[1]} == summaries[1]
    assert summaries[0].keys() - summaries[1].keys() == {"collected_by", "why", "candidates"}
    assert (done.summary["collected_by"], done.summary["why"]) == (STATIC, f"{STATIC} is complete")
    assert done.last == f"COMPLETE: {output}/collect/{origin.name}, by {STATIC}: {STATIC} is complete"


def test_what_is_published_does_not_take_the_disk_twice(start: Start, output: Path) -> None:
    done = collect(output, start())
    (origin,) = versions(output, STATIC)
    same = (done.version / "benchmarks.parquet").stat().st_ino == (origin / "benchmarks.parquet").stat().st_ino
    assert same
    assert (done.version / "summary.json").stat().st_ino != (origin / "summary.json").stat().st_ino


@pytest.mark.parametrize("fault", [NO_STATIC, HALF_STATIC])
def test_the_fallback_stands_in_for_a_primary_that_is_not_complete(fault: str, start: Start, output: Path) -> None:
    done = collect(output, start(fault))
    (origin,), (failed,) = versions(output, LIVE), versions(output, STATIC)
    state = "failed" if fault == NO_STATIC else "is incomplete"
    assert done.status == 0
    assert done.summary["collected_by"] == done.summary["spider"] == LIVE
    assert done.summary["why"].startswith(f"{LIVE} is complete, {STATIC} {state}")
    assert [(one["spider"], one["version"], one["status"]) for one in done.summary["candidates"]] == [
        (STATIC, failed.name, state.removeprefix("is ")),
        (LIVE, origin.name, "complete"),
    ]
    assert done.summary["candidates"][0]["findings"][0].startswith("gpt-oss 120B 1k-1k e2e: failed: ")
    assert done.warnings[0].startswith(f"{STATIC} {state}")
    assert done.warnings[0].endswith(f"; {LIVE} runs now")
    rows = pd.read_parquet(done.version / "benchmarks.parquet")
    assert len(rows) == done.summary["records"] == len(pd.read_parquet(origin / "benchmarks.parquet"))


def test_an_incomplete_primary_is_better_than_nothing(start: Start, output: Path) -> None:
    done = collect(output, start(HALF_STATIC, NO_LIVE))
    assert done.status == 3
    assert done.summary["collected_by"] == STATIC
    assert done.summary["why"].startswith(f"{STATIC} is incomplete, {LIVE} failed (")
    assert done.last.startswith(f"INCOMPLETE: {done.version}, by {STATIC}: ")


def test_where_nothing_is_usable_what_was_published_stays(start: Start, output: Path) -> None:
    before = collect(output, start()).version
    files = runs.snapshot(output / "collect")
    done = collect(output, start(NO_STATIC, NO_LIVE))
    assert done.status == 1
    assert done.last.startswith(f"scrapy collect: error: nothing is usable: {STATIC} failed (")
    assert done.last.endswith("; nothing new is published")
    assert done.version == before
    assert runs.snapshot(output / "collect") == files


def test_a_worse_one_is_not_published_without_a_word(start: Start, output: Path) -> None:
    before = collect(output, start()).version
    done = collect(
        output, start(f"missing_hwkey=b200_trt@*{runs.BROKEN}", f"missing_hwkey=b200_trt@*{runs.WHOLE}", NO_LIVE)
    )
    assert done.status == 3
    assert done.warnings[1:] == [
        f"what is published now is incomplete; what was before, {before.name}, is complete",
        f"1 curves of {before.name} are not in it: gpt-oss-120b 1k-1k b200_trt",
    ]
    assert done.summary["candidates"][0]["lacking_curves"] == ["gpt-oss-120b 1k-1k b200_trt"]


def test_of_two_incomplete_results_the_one_with_more_is_published(start: Start, output: Path) -> None:
    # Of two models the static endpoints lose one; the live API loses some of its hwKeys.
    both = ("-a", "models=gpt-oss-120b,Llama-3.3-70B-Instruct-FP8", "-a", "sequences=1k1k")
    wrong = "wrong_types@*model=gpt-oss-120b*"
    done = collect(output, start("status=404@/data/*gpt-oss*", wrong), *both)
    first, second = done.summary["candidates"]
    assert done.status == 3
    assert (first["status"], second["status"]) == ("incomplete", "incomplete")
    assert second["curves"] > first["curves"]
    assert done.summary["collected_by"] == LIVE
    assert f"{LIVE} has {second['curves']} curves, {STATIC} {first['curves']}" in done.summary["why"]


def test_arguments_go_to_whoever_has_them(start: Start, output: Path) -> None:
    site, other = start(NO_STATIC), start()
    args = ("-a", "only_changed=1", "--fallback-arg", f"base_url={other.base_url}", "-s", "HARDWARE_EDITION=2025-10")
    done = collect(output, site, *args)
    assert done.status == 0
    assert not asked(site, "/api/")
    assert done.summary["arguments"] == {"models": "gpt-oss-120b", "sequences": "1k-1k"}
    rows = pd.read_parquet(done.version / "benchmarks.parquet")
    assert set(rows.hardware_edition) == {"2025-10"}
    assert len(done.summary["endpoint_details"]) == 3


def test_every_command_works_on_what_is_published(start: Start, output: Path) -> None:
    collect(output, start())
    done = collect(output, start(NO_STATIC))
    assert command(output, "versions", "verify", "collect/latest").status == 0
    assert command(output, "versions", "verify", "collect/previous").status == 0
    assert command(output, "diff", "collect/previous", "collect/latest").status == 3
    assert command(output, "diff", "collect/latest", f"{LIVE}/latest").status == 0
    assert command(output, "check-run", "collect/latest").status == 0
    (done.version / "report.html").unlink()
    assert command(output, "report", "collect/latest").status == 0
    assert (done.version / "report.html").is_file()
    rebuilt = command(output, "rebuild", "collect/latest")
    assert rebuilt.status == 0, rebuilt.output
    assert done.summary["collected_by"] == LIVE
    assert {"rebuilt_at", "why", "candidates"} <= done.summary.keys()
    assert command(output, "versions", "verify", "collect/latest").status == 0
    assert command(output, "versions", "verify", f"{LIVE}/latest").status == 0
    listed = json.loads(command(output, "versions", "--format", "json").stdout)
    assert [(row["spider"], row["latest"]) for row in listed if row["spider"] == "collect"] == [
        ("collect", False),
        ("collect", True),
    ]


def test_a_history_counts_what_was_published_once(start: Start, output: Path) -> None:
    collect(output, start())
    everything = command(output, "history").stdout
    assert everything == command(output, "history", "--spider", STATIC).stdout
    published = command(output, "history", "--spider", "collect").stdout
    assert published.replace(",collect/", f",{STATIC}/") == everything


def test_older_collections_leave_by_the_same_rules(start: Start, output: Path) -> None:
    site = start()
    for _ in range(3):
        collect(output, site, "-s", "VERSIONS_KEEP=2")
    kept = versions(output, "collect")
    assert [path.name for path in kept] == [path.name for path in versions(output, STATIC)]
    assert len(kept) == 2
    assert list((kept[0] / "raw").glob("*.json.gz"))
    assert list((kept[1] / "raw").glob("*.json"))


@pytest.fixture
def barred(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Return the settings with which there is a spider that cannot run here."""
    monkeypatch.setenv("PYTHONPATH", str(runs.REPO))
    return "-s", "SPIDER_MODULES=inferencemax_spider.spiders,tests.collecting.spiders"


def test_a_fallback_whose_extra_is_missing_does_not_spoil_the_primary(
    start: Start, output: Path, barred: tuple[str, ...]
) -> None:
    done = collect(output, start(), *barred, fallback="barred")
    assert (done.status, done.warnings) == (0, [f"barred cannot run: {MISSING}"])
    again = collect(output, start(HALF_STATIC), *barred, fallback="barred")
    assert again.status == 3
    assert again.summary["why"] == f"{STATIC} is incomplete, barred failed ({MISSING})"


def test_a_primary_whose_extra_is_missing_has_its_fallback(start: Start, output: Path, barred: tuple[str, ...]) -> None:
    done = collect(output, start(), *barred, primary="barred", fallback=STATIC)
    assert done.status == 0
    assert done.summary["why"] == f"{STATIC} is complete, barred failed ({MISSING})"


def test_what_cannot_be_published_is_told(start: Start, output: Path) -> None:
    output.mkdir()
    (output / "collect").write_text("in the way")
    with web_server() as web:
        done = collect(output, start(), env={VARIABLE: web.url})
    (origin,) = versions(output, STATIC)
    assert done.status == 1
    assert done.last.startswith(f"scrapy collect: error: cannot publish {origin} in {output}/collect: ")


def test_one_message_says_what_became_of_both_and_one_that_it_is_well_again(start: Start, output: Path) -> None:
    with web_server() as web:
        env = {VARIABLE: web.url}
        assert collect(output, start(), env=env).status == 0
        assert web.posts == []
        collect(output, start(HALF_STATIC, NO_LIVE), env=env)
        collect(output, start(NO_STATIC), env=env)
        collect(output, start(NO_STATIC, NO_LIVE), env=env)
        collect(output, start(), env=env)
        collect(output, start(), env=env)
    assert [post["title"].removeprefix("inferencemax-spider: ") for post in web.posts] == [
        f"collect, by {STATIC} INCOMPLETE",
        f"collect, by {LIVE} COMPLETE",
        "collect FAILED",
        f"collect, by {STATIC} complete again",
    ]
    _, second, third, _ = (post["message"].splitlines() for post in web.posts)
    assert second[0].startswith(f"Published: {LIVE} is complete, {STATIC} failed (")
    assert second[1].startswith(f"- {STATIC}: gpt-oss 120B 1k-1k e2e: failed: ")
    assert second[-1].endswith("/report.html")
    assert "output/collect/" in second[-1]
    assert third[0].startswith("nothing is usable: ")
    assert third[-1] == f"Nothing new is published; what was before stays in {output}/collect/latest"


def test_who_wants_to_know_of_nothing_is_told_nothing(start: Start, output: Path) -> None:
    with web_server() as web:
        collect(output, start(NO_STATIC), "-s", "NOTIFY_ON=recovery", env={VARIABLE: web.url})
    assert web.posts == []


def test_a_channel_that_fails_is_told_and_changes_nothing(start: Start, output: Path) -> None:
    with web_server(500) as web:
        done = collect(output, start(NO_STATIC), env={VARIABLE: web.url})
    assert done.status == 0
    assert done.warnings[-1].startswith("could not notify channel 1 (json): it did not take the message")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("nope",), "there is no spider 'nope'; valid: "),
        ((STATIC, "--fallback", "nope"), "there is no spider 'nope'; valid: "),
        ((STATIC, "--fallback", STATIC), f"{STATIC} cannot be its own fallback"),
        (
            (STATIC, LIVE, "--fallback", LIVE),
            f"name one primary spider, or none for inferencex; given: {STATIC} {LIVE}",
        ),
        ((STATIC, "--fallback", LIVE, "-a", "model=x"), "neither spider has an argument 'model'; valid: base_url, "),
        ((LIVE, "--fallback", STATIC, "-a", "mode=history"), f"mode=history is nothing that {STATIC} can be told: "),
        (
            (STATIC, "--fallback", LIVE, "-a", "shard=1/2"),
            "spider argument 'shard' is not for collect: scrapy combine ",
        ),
        ((STATIC, "--fallback", LIVE, "--fallback-arg", "replay=x"), "spider argument 'replay' is not for collect: "),
        ((STATIC, "--fallback", LIVE, "-a", "models=nope"), f"{STATIC}: spider argument models: unknown model 'nope'"),
        (
            (LIVE, "--fallback", STATIC, "-a", "models=nope"),
            f"{STATIC}: spider argument models: unknown model 'nope'",
        ),
        ((STATIC, "--fallback", LIVE, "--fallback-arg", "x=1"), f"{LIVE}: unknown spider argument 'x'; valid: "),
        ((STATIC, "--fallback", LIVE, "-s", "NOTIFY_ON=sometimes"), f"{STATIC}: setting NOTIFY_ON: unknown rule 'so"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_told_before_the_first_request(args: tuple[str, ...], message: str, output: Path) -> None:
    run = command(output, "collect", *args)
    assert run.status == 2, run.output
    assert run.stderr.startswith(f"scrapy collect: error: {message}"), run.stderr
    assert run.stderr.count("\n") == 1
    assert not output.exists()


def test_a_value_that_the_fallback_does_not_take_can_be_given_it_in_another_form(start: Start, output: Path) -> None:
    run = command(output, "collect", LIVE, "--fallback", STATIC, "-a", "models=Kimi-K2.5")
    assert (run.status, output.exists()) == (2, False)
    assert run.stderr.endswith("; --fallback-arg gives the fallback another value\n")
    args = ("-a", "models=Kimi-K2.5", "-a", "sequences=1k1k", "--fallback-arg", "models=gpt-oss")
    done = collect(output, start(NO_LIVE), *args, primary=LIVE, fallback=STATIC)
    assert (done.status, done.summary["collected_by"]) == (0, STATIC)
