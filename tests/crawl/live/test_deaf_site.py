"""A site that passes over what it is asked for: nothing of it stands under a wrong name."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import pandas as pd

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


def test_other_days_than_the_one_asked_for_are_left_out_and_named(
    start: Start, crawl: Crawl, dataset: ApiDataset
) -> None:
    day = dataset.dates[-1]
    arguments = ("-a", "models=dsr1", "-a", "mode=exact", "-a", f"date={day}")
    wanted = crawl(start(), *arguments)
    run = crawl(start(content=DeafContent(dataset, "exact", None)), *arguments)
    assert (wanted.status, run.status) == (0, 0)
    merged = "inference_max_merged.csv"
    assert sorted(run.read(merged).splitlines()) == sorted(wanted.read(merged).splitlines())
    assert "rows were not asked for and are left out: day " in run.stdout
    (endpoint,) = [entry for entry in run.endpoints if entry["model"]]
    assert sum(endpoint["unasked"].values()) + endpoint["records"] == len(dataset.latest("DeepSeek-R1-0528"))
