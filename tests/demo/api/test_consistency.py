"""The answers tell one story: latest, as of a date, of a date alone, history, availability and the extra datasets."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from inferencemax_spider.demo import DemoSite
from inferencemax_spider.demo.api import DATES, MODELS, ApiContent, ApiDataset, models

from .client import AGENTIC, SEQUENCES, Api, Row, as_history, configuration, key, newest

NAMES = [model.name for model in MODELS]
AVAILABLE = ("model", "isl", "osl", "precision", "hardware", "framework", "spec_method", "disagg", "date")

each_model = pytest.mark.parametrize("name", NAMES)


def story(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    """Return *rows* as the history has them, by configuration; none stands twice."""
    assert len({configuration(row) for row in rows}) == len(rows)
    return {configuration(row): as_history(row) for row in rows}


@pytest.fixture(scope="module")
def everything(api: Api, dataset: ApiDataset) -> dict[str, list[Row]]:
    return {name: api.history(name) for name in dataset.models}


def test_availability_is_exactly_the_combinations_of_the_rows(api: Api, everything: dict[str, list[Row]]) -> None:
    rows = [row for rows in everything.values() for row in rows]
    expected = {(*(row[name] for name in AVAILABLE), row.get("benchmark_type")) for row in rows}
    available = [(*(row[name] for name in AVAILABLE), row.get("benchmark_type")) for row in api.json("availability")]
    assert len(available) == len(set(available))
    assert set(available) == expected
    assert {row[-2] for row in available} == set(DATES)


@each_model
def test_latest_is_the_newest_row_of_each_configuration(api: Api, everything: dict[str, list[Row]], name: str) -> None:
    latest = story(api.json("benchmarks", model=name))
    assert latest == newest(everything[name])
    assert len({row["date"] for row in latest.values()}) > 1


@each_model
@pytest.mark.parametrize("date", DATES)
def test_as_of_and_exact_are_the_newest_rows_of_their_dates(
    api: Api, everything: dict[str, list[Row]], name: str, date: str
) -> None:
    before = [row for row in everything[name] if row["date"] <= date]
    on = [row for row in before if row["date"] == date]
    assert story(api.json("benchmarks", model=name, date=date)) == newest(before)
    assert story(api.json("benchmarks", model=name, date=date, exact="true")) == newest(on)
    # Only the word "true" is exact.
    assert story(api.json("benchmarks", model=name, date=date, exact="1")) == newest(before)


@each_model
def test_the_natural_key_of_the_history_is_unique(everything: dict[str, list[Row]], name: str) -> None:
    assert set(Counter(map(key, everything[name])).values()) == {1}


def test_two_runs_of_one_date_differ_by_their_url(everything: dict[str, list[Row]]) -> None:
    rows = [row for rows in everything.values() for row in rows]
    runs = Counter((configuration(row), row["date"]) for row in rows)
    assert set(runs.values()) == {1, 2}
    assert Counter(runs.values())[2] > 100


@each_model
def test_a_history_is_of_one_sequence_or_of_agentic_traces(api: Api, name: str) -> None:
    for isl, osl in SEQUENCES:
        rows = api.json("benchmarks/history", model=name, isl=isl, osl=osl)
        assert {(row["isl"], row["osl"]) for row in rows} <= {(isl, osl)}
        assert not any("image" in row for row in rows)
    agentic = api.json("benchmarks/history", model=name, **AGENTIC)
    assert {(row["isl"], row["osl"]) for row in agentic} <= {(None, None)}


def test_submissions_count_the_rows_of_the_history(api: Api, everything: dict[str, list[Row]]) -> None:
    rows = [row for rows in everything.values() for row in rows]
    submissions = api.json("submissions")
    assert list(submissions) == ["summary", "volume"]
    volume = {(row["date"], row["hardware"]): row["datapoints"] for row in submissions["volume"]}
    assert volume == Counter((row["date"], row["hardware"]) for row in rows)
    assert {row["model"] for row in submissions["summary"]} == {row["model"] for row in rows}
    assert all(row["image"] is None for row in submissions["summary"] if row["date"] < "2025-12-08")


def test_evaluations_and_reliability_are_of_known_dates_and_hardware(
    api: Api, everything: dict[str, list[Row]]
) -> None:
    rows = [row for rows in everything.values() for row in rows]
    hardware = {row["hardware"] for row in rows}
    evaluations, reliability = api.json("evaluations"), api.json("reliability")
    assert {row["model"] for row in evaluations} == {row["model"] for row in rows}
    assert len({row["id"] for row in evaluations}) == len(evaluations) > 100
    assert all(row["id"].isdecimal() and row["date"] in DATES for row in evaluations)
    assert {row["hardware"] for row in reliability} == hardware
    assert all(0 <= row["n_success"] <= row["total"] for row in reliability)
    per_date = Counter((row["hardware"], row["date"]) for row in reliability)
    assert min(per_date.values()) > 1, "a date has a row for each job, as on the site"


@pytest.mark.parametrize("date", [DATES[0], DATES[-1]])
def test_workflow_info_is_that_of_a_date(api: Api, everything: dict[str, list[Row]], date: str) -> None:
    info = api.json("workflow-info", date=date)
    assert list(info) == ["runs", "changelogs", "configs"]
    rows = [row for rows in everything.values() for row in rows if row["date"] == date]
    urls = {row["run_url"].rpartition("/attempts/")[0] for row in rows if row["run_url"]}
    assert {run["html_url"] for run in info["runs"]} == urls
    available = [row for row in api.json("availability") if row["date"] == date]
    assert info["configs"] == [{name: row[name] for name in row if name != "date"} for row in available]


def test_workflow_info_without_a_date_is_that_of_all(api: Api) -> None:
    assert {run["date"] for run in api.json("workflow-info")["runs"]} == set(DATES)
    assert api.json("workflow-info", date="2001-01-01") == {"runs": [], "changelogs": [], "configs": []}


def test_one_more_day_adds_rows_of_that_date_to_one_model_only(api: Api, everything: dict[str, list[Row]]) -> None:
    date = "2026-05-06"
    with DemoSite(ApiContent(ApiDataset(days=1))) as site:
        later = Api(site)
        before, after = api.json("availability"), later.json("availability")
        added = [row for row in after if row not in before]
        assert {(row["model"], row["date"]) for row in added} == {("gptoss120b", date)}
        assert len(after) == len(before) + len(added)
        for name in NAMES:
            changed = name == "gpt-oss-120b"
            assert (later.body("benchmarks", model=name) == api.body("benchmarks", model=name)) is not changed
            old = {key(row): row for row in everything[name]}
            new = {key(row): row for row in later.history(name) if key(row) not in old}
            assert {key(row): row for row in later.history(name)} == old | new
            assert {row["date"] for row in new.values()} == ({date} if changed else set())
        evaluations = [later.json("evaluations"), api.json("evaluations")]
        assert evaluations[0][-len(evaluations[1]) :] == evaluations[1]


def test_days_are_those_of_the_keys_that_change() -> None:
    dataset = ApiDataset(days=2, changed=("llama70b", "glm5.1"))
    late = {(run.job.key, run.job.date) for name in dataset.models for run in dataset.runs(name)}
    days = {("llama70b", "2026-05-06"), ("llama70b", "2026-05-07"), ("glm5.1", "2026-05-06"), ("glm5.1", "2026-05-07")}
    assert {pair for pair in late if pair[1] > DATES[-1]} == days
    assert dataset.dates == (*DATES, "2026-05-06", "2026-05-07")


@pytest.mark.parametrize("options", [{"days": -1}, {"days": 1, "changed": ("dsr2",)}])
def test_days_and_keys_must_make_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such day or database key"):
        ApiDataset(**options)


@pytest.mark.parametrize("rows", [12_000, 40_000])
def test_a_big_history_has_about_as_many_rows_and_tells_the_same_story(rows: int) -> None:
    dataset = ApiDataset(models=models(8))
    with DemoSite(ApiContent(dataset, history_rows=rows)) as site:
        api = Api(site)
        history = api.all_history(dataset)
        assert len(history) == pytest.approx(rows, rel=0.1)
        assert set(Counter(map(key, history)).values()) == {1}
        ids = [row["id"] for row in history if "id" in row]
        assert len(set(ids)) == len(ids)
        qwen = [row for row in history if row["model"] == "qwen3.5"]
        available = {tuple(row[name] for name in AVAILABLE) for row in api.json("availability")}
        assert {tuple(row[name] for name in AVAILABLE) for row in history} == available
        assert story(api.json("benchmarks", model=NAMES[-1])) == newest(qwen)
        throughput = [row["metrics"].get("tput_per_gpu") for row in qwen]
        assert len(set(throughput)) > len(throughput) / 2, "numbers differ from copy to copy"
