"""What the site has where, without a browser."""

from __future__ import annotations

import json
import re

import pytest

from inferencemax_spider.catalog import API_MODELS, MODELS, Model
from inferencemax_spider.demo import PagesContent, page_2025, pages_2026
from inferencemax_spider.demo.content import Resource

NEWER = pages_2026({"GLM-5": ("glm5",), "Demo-007B": ("demo",)})


def config(resource: Resource | None) -> dict[str, list[dict[str, object]]]:
    assert resource
    found = re.search(r'id="config">(.*?)</script>', resource.body.decode())
    assert found
    document: dict[str, list[dict[str, object]]] = json.loads(found[1])
    return document


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        (PagesContent(), []),
        (PagesContent(older=page_2025()), ["/"]),
        (PagesContent(newer=NEWER), ["/", "/inference"]),
        (PagesContent(older=page_2025(), newer=NEWER), ["/", "/inference", "/2025/"]),
    ],
    ids=["none", "older", "newer", "both"],
)
def test_where_the_pages_are(content: PagesContent, paths: list[str]) -> None:
    assert [path for path in ("/", "/inference", "/2025/", "/2025", "/nowhere") if content.get(path, "")] == paths


@pytest.mark.parametrize("name", ["", "..", "../2025.html", "nothing.js", "style.css/"])
def test_no_path_leads_out_of_the_assets(name: str) -> None:
    assert PagesContent().get("/assets/style.css", "")
    assert PagesContent().get(f"/assets/{name}", "") is None


def test_the_older_page_knows_the_slugs_of_the_catalogue() -> None:
    models = config(PagesContent(older=page_2025()).get("/", ""))["models"]
    assert models == [{"name": model.name, "slug": model.slug} for model in MODELS]


def test_the_newer_page_knows_the_models_with_data_first() -> None:
    models = config(NEWER["/inference"])["models"]
    assert [model["name"] for model in models[:2]] == ["GLM-5", "Demo-007B"]
    assert {str(model["name"]) for model in models} == {"Demo-007B", *API_MODELS}
    assert models[0]["keys"] == ["glm5"]


def test_no_name_ends_the_script_that_it_stands_in() -> None:
    name = "</script><script>alert(1)</script>"
    assert config(page_2025([Model(name=name, slug="x")]))["models"] == [{"name": name, "slug": "x"}]
