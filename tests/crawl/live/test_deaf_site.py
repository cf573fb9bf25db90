"""A site that passes over what it is asked for: nothing of it stands under a wrong name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pandas as pd
import pytest

from inferencemax_spider.demo import DemoSite, Resource
from inferencemax_spider.demo.api import ApiContent, ApiDataset
from tests.crawl.runs import Run

Start = Callable[..., DemoSite]
Crawl = Callable[..., Run]


class DeafContent:
    """The API, but that *parameter* is always taken to be *value*; what has none then is as if it was not given."""

    def __init__(self, dataset: ApiDataset, parameter: str, value: str | None) -> None:
        self.api = ApiContent(dataset)
        self.heard = {} if value is None else {parameter: value}
        self.parameter = parameter

    def get(self, path: str, query: str) -> Resource | None:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if self.parameter in asked:
            asked = {name: value for name, value in asked.items() if name != self.parameter} | self.heard
        return self.api.get(path, urlencode(asked))


class AllSequences:
    """The API, but that every history holds all sequences."""

    def __init__(self, dataset: ApiDataset) -> None:
        self.api = ApiContent(dataset)
        self.lengths = ((1024, 1024), (1024, 8192), (8192, 1024))

    def get(self, path: str, query: str) -> Resource | None:
        if not path.endswith("/history"):
            return self.api.get(path, query)
        model = parse_qs(query)["model"][0]
        asked = (urlencode({"model": model, "isl": isl, "osl": osl}) for isl, osl in self.lengths)
        answers = [answer for query in asked if (answer := self.api.get(path, query))]
        rows = [row for answer in answers for row in json.loads(answer.body)]
        return replace(answers[0], body=json.dumps(rows).encode())


def test_the_rows_of_one_model_do_not_stand_under_the_name_of_another(
    start: Start, crawl: Crawl, dataset: ApiDataset
) -> None:
    site = start(content=DeafContent(dataset, "model", "DeepSeek-R1-0528"))
    run = crawl(site, "-a", "models=dsr1,glm5")
    rows = len(dataset.latest("DeepSeek-R1-0528"))
    assert run.status == 3
    assert f"GLM-5: invalid: nothing of what was asked for, but {rows} rows of model key dsr1" in run.stdout
    assert "model key glm5 is available (of GLM-5), and no response covered it" in run.stdout
    table = pd.read_parquet(run.place / "benchmarks.parquet")
    assert len(table) == rows
    assert set(table["model_name"]) == {"DeepSeek-R1-0528"}
    assert run.raw("benchmarks-GLM-5.json")[1] == run.raw("benchmarks-DeepSeek-R1-0528.json")[1]


@pytest.mark.parametrize(
    ("parameter", "value", "mode", "said"),
    [
        ("exact", None, "exact", "where {day} was asked for"),
        ("date", None, "as_of", "where {day} or earlier was asked for"),
    ],
)
def test_an_answer_with_other_days_is_refused(  # noqa: PLR0917 - fixtures and parameters
    start: Start, crawl: Crawl, dataset: ApiDataset, parameter: str, value: str | None, mode: str, said: str
) -> None:
    day = dataset.dates[2]
    site = start(content=DeafContent(dataset, parameter, value))
    run = crawl(site, "-a", "models=dsr1", "-a", f"mode={mode}", "-a", f"date={day}")
    assert run.status == 1
    assert re.search(rf"DeepSeek-R1-0528: invalid: \d+ rows of 20..-..-.., {said.format(day=day)}", run.stdout)


def test_a_history_with_all_sequences_comes_once(start: Start, crawl: Crawl, dataset: ApiDataset) -> None:
    wanted = crawl(start(), "-a", "models=gptoss120b", "-a", "mode=history")
    site = start(content=AllSequences(dataset))
    run = crawl(site, "-a", "models=gptoss120b", "-a", "mode=history")
    assert (wanted.status, run.status) == (0, 0)
    merged = "inference_max_merged.csv"
    assert sorted(run.read(merged).splitlines()) == sorted(wanted.read(merged).splitlines())
    assert "rows were not asked for and are left out: sequence " in run.stdout
