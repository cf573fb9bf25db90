"""Records of a version over HTTP: those of its Parquet file, whatever the format, the filter and the page."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from typing import cast

import pandas as pd
import pyarrow.parquet as pq
import pytest

from inferencemax_spider.serve.params import MOST_ROWS
from tests.serve.services import ARROW, CSV, JSON, Service, address, arrow, frame, problem, streamed

SPIDERS = ("inferencemax", "inferencex")
LIVE = address("inferencex")
STATIC = address("inferencemax")


def ids(rows: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(text) else text for text in rows["id"]]


READERS: dict[str, Callable[[bytes], list[str | None]]] = {
    "json": lambda body: [row["id"] for row in json.loads(body)["records"]],
    "csv": lambda body: ids(pd.read_csv(io.BytesIO(body), dtype="str")),
    "arrow": lambda body: cast("list[str | None]", streamed(body)["id"].to_pylist()),
}


@pytest.mark.parametrize("spider", SPIDERS)
def test_arrow_has_the_rows_and_types_of_the_file(service: Service, spider: str) -> None:
    stored = pq.read_table(service.folder(spider) / "benchmarks.parquet")
    found = service.table(address(spider), limit=MOST_ROWS)
    assert 0 < stored.num_rows <= MOST_ROWS
    assert found.schema.equals(stored.schema)
    assert found.equals(stored)


@pytest.mark.parametrize("spider", SPIDERS)
def test_csv_has_the_same_values(service: Service, spider: str) -> None:
    reply = service.ask(address(spider), limit=MOST_ROWS, format="csv")
    assert reply.headers["content-type"] == f"{CSV}; charset=utf-8"
    stored = service.records(spider)
    found = pd.read_csv(io.BytesIO(reply.body), dtype={"id": "str"})
    assert list(found.columns) == list(stored.columns)
    for name in stored.columns:
        assert found[name].isna().tolist() == stored[name].isna().tolist(), name
        cells, values = found[name].dropna(), stored[name].dropna()
        if pd.api.types.is_float_dtype(stored[name]):
            assert cells.tolist() == pytest.approx(values.tolist(), rel=1e-15), name
        else:
            assert cells.astype(values.dtype).tolist() == values.tolist(), name


@pytest.mark.parametrize("spider", SPIDERS)
def test_json_has_the_same_values_and_missing_is_null(service: Service, spider: str) -> None:
    stored = pq.read_table(service.folder(spider) / "benchmarks.parquet").to_pylist()
    reply = service.ask(address(spider), limit=MOST_ROWS)
    found = json.loads(reply.body, parse_constant=pytest.fail)
    assert found["records"] == stored
    assert any(value is None for row in stored for value in row.values())
    assert found["total"] == len(stored)
    assert (found["spider"], found["version"], found["next"]) == (spider, service.folder(spider).name, None)


def test_big_ids_keep_every_digit(service: Service) -> None:
    stored = service.records("inferencex")["id"].dropna()
    assert stored.map(len).max() > 16
    for form in ("json", "csv", "arrow"):
        body = service.ask(LIVE, columns="id", limit=MOST_ROWS, format=form).body
        assert all(text.encode() in body for text in stored), form


def test_a_name_with_a_dot_is_a_column_like_any_other(service: Service) -> None:
    found = service.json(LIVE, columns="p99.9_ttft,hwKey", sort="-p99.9_ttft", limit=5)["records"]
    stored = service.records("inferencex").sort_values("p99.9_ttft", ascending=False, kind="stable")
    assert [row["p99.9_ttft"] for row in found] == stored["p99.9_ttft"].head(5).tolist()
    assert list(found[0]) == ["p99.9_ttft", "hwKey"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("text/*", f"{CSV}; charset=utf-8"),
        ("text/csv;q=0.5, application/json;q=0.4", f"{CSV}; charset=utf-8"),
        (f"{ARROW}, */*;q=0.1", ARROW),
        ("application/json;q=0, */*", f"{CSV}; charset=utf-8"),
    ],
)
def test_the_format_is_that_which_is_accepted(service: Service, accept: str | None, media_type: str) -> None:
    reply = service.ask(LIVE, {"Accept": accept} if accept else None, limit=1)
    assert (reply.status, reply.headers["content-type"], reply.headers["vary"]) == (200, media_type, "Accept")
    assert service.ask(LIVE, {"Accept": "image/png"}, limit=1, format="arrow").headers["content-type"] == ARROW


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/csv;q=x"])
def test_what_cannot_be_given_is_not_acceptable(service: Service, accept: str) -> None:
    assert "Accept takes none of application/json, " in problem(service.ask(LIVE, {"Accept": accept}), 406)


@pytest.mark.parametrize("form", READERS)
def test_pages_are_the_whole(service: Service, form: str) -> None:
    stored = service.records("inferencex")
    wanted = ids(stored.sort_values("conc", ascending=False, kind="stable"))
    path: str | None = f"{LIVE}?limit=300&sort=-conc&columns=id&format={form}"
    found: list[str | None] = []
    pages = 0
    while path:
        reply = service.ask(path)
        assert reply.headers["x-total-count"] == str(len(stored))
        found += READERS[form](reply.body)
        link = reply.headers.get("link")
        path = link.removeprefix("<").removesuffix('>; rel="next"') if link else None
        assert not path or path.startswith(address("inferencex", service.folder("inferencex").name))
        if form == "json":
            assert json.loads(reply.body)["next"] == path
        pages += 1
    assert pages == math.ceil(len(stored) / 300) > 1
    assert found == wanted


def test_a_page_after_the_last_is_empty(service: Service) -> None:
    reply = service.ask(LIVE, offset=10**12, limit=1, format="csv", columns="hwKey,conc")
    assert (reply.body, "link" in reply.headers) == (b"hwKey,conc\n", False)
    assert service.table(LIVE, offset=10**12).num_rows == 0


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ({"models": "gpt-oss-120b"}, "model_name == 'gpt-oss-120b'"),
        ({"models": "GPT OSS 120B"}, "model_name == 'gpt-oss-120b'"),
        ({"models": "dsr1"}, "model_name == 'DeepSeek-R1-0528'"),
        ({"models": "DeepSeek R1 0528,gptoss120b", "sequences": "1k/8k"}, "sequence_length == '1k-8k'"),
        ({"sequences": "8k_1k, agentic"}, "sequence_length in ['8k-1k', 'agentic-traces']"),
        ({"hwKey": "b200_trt,h200_vllm"}, "hwKey in ['b200_trt', 'h200_vllm']"),
        ({"precision": "fp4", "conc": "4,64"}, "precision == 'fp4' and conc in [4, 64]"),
        ({"tp": "8"}, "tp == 8"),
        ({"framework": "vllm", "hardware": "h200"}, "framework == 'vllm' and hardware == 'h200'"),
        ({"model": "dsr1", "spec_method": "mtp"}, "model == 'dsr1' and spec_method == 'mtp'"),
        ({"since": "2026-03-01"}, "date >= '2026-03-01'"),
        ({"until": "2026-03-01"}, "date <= '2026-03-01'"),
        ({"since": "2026-01-01", "until": "2026-03-31"}, "'2026-01-01' <= date <= '2026-03-31'"),
    ],
)
def test_filters_choose_what_pandas_chooses(service: Service, query: dict[str, str], condition: str) -> None:
    stored = service.records("inferencex", service.json("/v1/spiders/inferencex/versions")["versions"][0]["version"])
    wanted = stored.query(condition)
    first = address("inferencex", "previous")
    found = service.table(first, limit=MOST_ROWS, **query)
    assert 0 < len(wanted) < len(stored)
    assert found["id"].to_pylist() == ids(wanted)
    assert service.json(first, limit=1, **query)["total"] == len(wanted)


def test_the_static_generation_is_filtered_alike(service: Service) -> None:
    stored = service.records("inferencemax").query(
        "model_name == 'gpt-oss 120B' and sequence_length == '1k-1k' and data_type == 'e2e' and conc == 4"
    )
    found = service.table(STATIC, models="gpt-oss-120b", sequences="1K / 1K", data_type="e2e", conc=4)
    assert len(stored) > 0
    assert found["x"].to_pylist() == stored["x"].tolist()


def test_sorting_is_stable_and_missing_values_come_last(service: Service) -> None:
    for sort, ascending in (("image,conc", [True, True]), ("-image,conc", [False, True])):
        found = service.table(LIVE, sort=sort, limit=MOST_ROWS)
        stored = service.records("inferencex")
        wanted = stored.sort_values(["image", "conc"], ascending=ascending, kind="stable", na_position="last")
        assert found["id"].to_pylist() == ids(wanted)


@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", '"; DROP TABLE x; --', "b200_trt') OR ('1'='1", "%", "_", "\x00", "é\U0001f600", "?", "$1"],
)
def test_what_a_user_writes_is_a_value_and_nothing_else(service: Service, text: str) -> None:
    assert service.json(LIVE, hwKey=text)["total"] == 0
    assert service.refused(422, LIVE, columns=f"hwKey,{text}").startswith("this version has no column ")
    assert service.refused(422, LIVE, sort=text).startswith("this version has no column ")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"data_type": "e2e"}, "this version has no column 'data_type'; there are: source, model_name, "),
        ({"columns": "HWKEY"}, "this version has no column 'HWKEY'; there are: source, "),
        ({"columns": "file_row_number"}, "this version has no column 'file_row_number'"),
        ({"columns": ","}, "columns=',': must be 1 to 200 values, comma separated"),
        ({"sort": "-"}, "this version has no column ''"),
        ({"models": "nope"}, "this version has no model 'nope'; there are: DeepSeek-R1-0528, gpt-oss-120b"),
        ({"sequences": "2k/2k"}, "unknown sequence '2k/2k'; valid: '1K / 1K' (1k_1k), "),
        ({"conc": "many"}, "conc='many': 'many' is no whole number"),
        ({"conc": str(2**63)}, f"'{2**63}' is no whole number"),
        ({"since": "2026-02-30"}, "since='2026-02-30': is no day of the form YYYY-MM-DD"),
        ({"until": "20260201"}, "until='20260201': "),
        ({"limit": 0}, "limit='0': Input should be greater than or equal to 1"),
        ({"limit": MOST_ROWS + 1}, f"less than or equal to {MOST_ROWS}"),
        ({"offset": -1}, "offset='-1': "),
        ({"offset": 10**30}, "offset="),
        ({"format": "xml"}, "format='xml': Input should be 'json', 'csv' or 'arrow'"),
        ({"modle": "dsr1"}, "there is no parameter 'modle'; /docs lists those there are"),
    ],
)
def test_a_wrong_parameter_is_named(service: Service, query: dict[str, object], said: str) -> None:
    assert said in service.refused(422, LIVE, **query)


def test_columns_come_in_the_order_that_is_asked_for(service: Service) -> None:
    assert list(frame(service.ask(STATIC, columns="conc, hwKey,conc", format="csv")).columns) == ["conc", "hwKey"]
    assert arrow(service.ask(STATIC, {"Accept": ARROW}, columns="y")).column_names == ["y"]
