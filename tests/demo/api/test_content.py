"""The API over HTTP: how it answers, and what it refuses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inferencemax_spider.demo import Content, Dataset, DemoSite, Fault, GeneratedContent, LayeredContent
from inferencemax_spider.demo.api import DATES, MODELS, ApiContent, ApiDataset

from .client import Api

PATHS = (
    "/api/openapi.json",
    "/api/v1/availability",
    "/api/v1/benchmarks?model=GLM-5",
    "/api/v1/benchmarks/history?model=GLM-5&isl=1024&osl=1024",
    "/api/v1/evaluations",
    "/api/v1/reliability",
    "/api/v1/submissions",
    f"/api/v1/workflow-info?date={DATES[0]}",
)
STATIC = "/data/inference-performance/gpt-oss-120b-1k_1k-e2e.json"


@contextmanager
def served(content: Content, *faults: str, gzip: bool = True) -> Iterator[Api]:
    """Serve *content* with *faults*."""
    with DemoSite(content, [Fault.parse(spec) for spec in faults], gzip=gzip) as site:
        yield Api(site)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_answers_are_always_gzip_and_have_no_validators(api: Api, path: str, accepted: str) -> None:
    reply = api.reply(path, {"Accept-Encoding": accepted, "If-None-Match": "*"})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["cache-control"] == "public, max-age=0, s-maxage=86400"
    assert not {"etag", "last-modified"} & set(reply.headers)
    document = json.loads(gzip.decompress(reply.body))
    assert document
    assert reply.body == api.reply(path).body


def test_gzip_is_not_the_choice_of_the_site(dataset: ApiDataset) -> None:
    with served(ApiContent(dataset), gzip=False) as api:
        assert api.reply(PATHS[1]).headers["content-encoding"] == "gzip"


def test_the_openapi_document_lists_the_display_names(api: Api) -> None:
    document = json.loads(gzip.decompress(api.reply(PATHS[0]).body))
    assert document["openapi"].startswith("3.1")
    parameters = document["paths"]["/api/v1/benchmarks"]["get"]["parameters"]
    (names,) = (each["schema"]["enum"] for each in parameters if each["name"] == "model")
    assert names == [model.name for model in MODELS]
    assert set(document["paths"]) == {path.partition("?")[0] for path in PATHS[1:]}


def test_older_deployments_have_no_openapi_document(dataset: ApiDataset) -> None:
    with served(ApiContent(dataset, openapi=False)) as api:
        reply = api.reply(PATHS[0])
        assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert api.json("availability")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("benchmarks", "Unknown model"),
        ("benchmarks?model=dsr1", "Unknown model"),
        ("benchmarks?model=glm-5", "Unknown model"),
        ("benchmarks/history?model=GLM-5", "model, isl, and osl are required"),
        ("benchmarks/history?model=GLM-5&isl=1024", "model, isl, and osl are required"),
        ("benchmarks/history?model=GLM-5&isl=1k&osl=8k", "model, isl, and osl are required"),
        ("benchmarks/history?benchmarkType=agentic_traces", "model, isl, and osl are required"),
        ("benchmarks/history?model=glm5&isl=1024&osl=1024", "Unknown model"),
        ("workflow-info?date=today", "Invalid date format (YYYY-MM-DD required)"),
    ],
)
def test_a_wrong_request_is_an_error_400_in_json(api: Api, path: str, error: str) -> None:
    reply = api.reply(f"/api/v1/{path}")
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json() == {"error": error}


@pytest.mark.parametrize("date", ["tomorrow", "2026-02-30", "20260505", "1999-01-01"])
@pytest.mark.parametrize("exact", ["true", "false"])
def test_a_date_that_is_none_or_has_nothing_is_an_empty_array_or_an_error_500(
    api: Api, dataset: ApiDataset, date: str, exact: str
) -> None:
    assert api.json("benchmarks", model="GLM-5", date=date, exact=exact) == []
    with served(ApiContent(dataset, bad_date_500=True)) as strict:
        reply = strict.reply("/api/v1/benchmarks", model="GLM-5", date=date, exact=exact)
        assert (reply.status, reply.json()) == (500, {"error": "Internal server error"})
        assert strict.json("benchmarks", model="GLM-5", date=DATES[0], exact=exact)


def test_a_date_between_two_that_have_data(api: Api, dataset: ApiDataset) -> None:
    between = {"model": "GLM-5", "date": "2026-01-15"}
    assert api.body("benchmarks", **between) == api.body("benchmarks", model="GLM-5", date="2025-12-19")
    assert api.json("benchmarks", **between, exact="true") == []
    with served(ApiContent(dataset, bad_date_500=True)) as strict:
        assert strict.reply("/api/v1/benchmarks", **between).status == 500


def test_a_known_date_without_rows_of_the_model_is_an_empty_array(api: Api) -> None:
    assert api.json("benchmarks", model="Kimi-K2.5", date=DATES[0], exact="true") == []
    assert api.json("benchmarks/history", model="Kimi-K2.5", isl=1, osl=1) == []


@pytest.mark.parametrize("path", ["/api/v2/benchmarks", "/api/v1", "/api/v1/nothing", "/api"])
def test_an_unknown_path_is_an_html_404(api: Api, path: str) -> None:
    reply = api.reply(path)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_slash_at_the_end_is_redirected(api: Api) -> None:
    reply = api.reply("/api/v1/benchmarks/", model="GLM-5", date="2026-05-05")
    assert (reply.status, reply.body) == (308, b"")
    assert reply.headers["location"] == "/api/v1/benchmarks?model=GLM-5&date=2026-05-05"
    assert api.reply("/api/v1/availability/").headers["location"] == "/api/v1/availability"


def test_robots_may_not_read_the_api(api: Api) -> None:
    assert api.reply("/robots.txt").body == b"User-Agent: *\nAllow: /\nDisallow: /api/\n"


def test_both_generations_live_on_one_site(dataset: ApiDataset) -> None:
    static = Dataset()
    with served(LayeredContent(ApiContent(dataset), GeneratedContent(static))) as api:
        assert api.reply(STATIC).body == static.body(*static.paths()[STATIC])
        assert api.json("availability")
        assert b"Disallow: /api/" in api.reply("/robots.txt").body
        assert api.reply("/nothing").status == 404


def test_faults_hit_the_api(dataset: ApiDataset) -> None:
    path = PATHS[2]
    content = ApiContent(dataset)
    with served(content, "status=503,times=1@*benchmarks?model=GLM*", "half_array@*availability") as api:
        assert api.reply(path).status == 503
        assert api.reply(path).status == 200
        half = gzip.decompress(api.reply(PATHS[1]).body)
        with pytest.raises(json.JSONDecodeError):
            json.loads(half)
    with served(content, "duplicate=1@*/benchmarks", "truncated_gzip@*/reliability") as api:
        whole = len(dataset.latest("GLM-5"))
        assert len(api.json("benchmarks", model="GLM-5")) == 2 * whole
        with pytest.raises(EOFError):
            api.json("reliability")


def test_answers_are_kept_unless_the_history_is_big(dataset: ApiDataset) -> None:
    path, query = "/api/v1/benchmarks/history", "model=GLM-5&isl=1024&osl=1024"
    small, big = ApiContent(dataset), ApiContent(dataset, history_rows=20_000)
    assert small.get(path, query) is small.get(path, query)
    one, two = big.get(path, query), big.get(path, query)
    assert one
    assert two
    assert one is not two
    assert one.body == two.body
    rows = json.loads(one.body)
    assert len(rows) == big.bodies.count("GLM-5", dataset.history("GLM-5", 1024, 1024))


def test_a_row_of_a_big_history_is_about_as_long_as_on_the_site(dataset: ApiDataset) -> None:
    content = ApiContent(dataset, history_rows=20_000)
    sizes = []
    for name in dataset.models:
        for query in ("isl=1024&osl=1024", "isl=8192&osl=1024", "benchmarkType=agentic_traces"):
            resource = content.get("/api/v1/benchmarks/history", f"model={name}&{query}")
            assert resource
            rows = json.loads(resource.body)
            sizes += [len(resource.body) / len(rows)] if rows else []
    assert 1100 < sum(sizes) / len(sizes) < 1700
