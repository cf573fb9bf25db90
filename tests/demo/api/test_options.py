"""The options of the command line that are the API's."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inferencemax_spider.demo.api import MODELS
from inferencemax_spider.demo.cli import add_arguments, site_from
from tests.demo.client import get
from tests.demo.test_cli import PATH, running

from .client import Api


@contextmanager
def site(*arguments: str) -> Iterator[Api]:
    """Serve what *arguments* describe."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with site_from(parser.parse_args(arguments)) as served:
        yield Api(served)


@pytest.mark.parametrize(
    ("arguments", "static", "api"),
    [((), 200, 200), (("both",), 200, 200), (("static",), 200, 404), (("api",), 404, 200)],
)
def test_the_generation_can_be_chosen(arguments: tuple[str, ...], static: int, api: int) -> None:
    with site(*(f"--generation={each}" for each in arguments)) as served:
        assert served.reply(PATH).status == static
        assert served.reply("/api/v1/availability").status == api
        assert served.reply("/api/openapi.json").status == api


def test_the_options_reach_the_api() -> None:
    with site("--no-openapi", "--bad-date-500", "--api-days=1", "--api-models=7", "--api-scale=30000") as served:
        assert served.reply("/api/openapi.json").status == 404
        assert served.reply("/api/v1/benchmarks", model="GLM-5", date="1999-01-01").status == 500
        available = served.json("availability")
        assert {row["model"] for row in available if row["date"] == "2026-05-06"} == {"gptoss120b"}
        assert "demo-007b" in {row["model"] for row in available}
        assert len(served.json("benchmarks", model="GLM-5")) > 400


@pytest.mark.parametrize(("arguments", "count"), [((), len(MODELS)), (("--api-scale=1000",), 15)])
def test_a_big_history_is_that_of_more_models(arguments: tuple[str, ...], count: int) -> None:
    with site(*arguments, "--generation=api") as served:
        assert len({row["model"] for row in served.json("availability")}) == count + 1


def test_the_seed_is_that_of_both_generations() -> None:
    with site("--seed=7") as one, site() as two:
        assert one.body("benchmarks", model="GLM-5") != two.body("benchmarks", model="GLM-5")


def test_recorded_bodies_in_a_folder_are_served_under_the_paths_of_the_api(tmp_path: Path) -> None:
    for name in ("availability", "benchmarks"):
        (tmp_path / f"{name}.json").write_text(json.dumps([{"name": name}]))
    with site("--site", str(tmp_path)) as served:
        assert served.json("availability") == [{"name": "availability"}]
        assert served.reply("/availability.json").status == 200


def test_a_process_serves_both_generations() -> None:
    with running() as (url, _):
        assert url
        assert get(f"{url}{PATH}").status == get(f"{url}/api/v1/availability").status == 200


@pytest.mark.parametrize("option", ["--api-days=-1", "--api-scale=many", "--api-models=5", "--generation=new"])
def test_a_wrong_value_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), site(option):
        pass
    assert option.partition("=")[0] in capsys.readouterr().err
