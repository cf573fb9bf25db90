"""The OpenAPI document, the page that shows it, and the documentation: all say the same, and ask no other host."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from hashlib import sha256

import pytest

from docs.tables import ROOT
from inferencemax_spider.serve import problems
from inferencemax_spider.serve.params import HistoryQuery, RecordsQuery
from tests.serve.services import PROBLEM, Service, address

GUIDE = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


def test_every_address_is_documented_and_no_other(service: Service) -> None:
    documented = set(re.findall(r"^\| `GET (/\S*)`", GUIDE, re.MULTILINE))
    assert documented == {*service.json("/openapi.json")["paths"], "/docs", "/openapi.json"}


@pytest.mark.parametrize("query", [RecordsQuery, HistoryQuery])
def test_every_parameter_is_documented(service: Service, query: type[RecordsQuery | HistoryQuery]) -> None:
    assert [name for name in query.model_fields if f"`{name}`" not in GUIDE] == []
    path = {RecordsQuery: address("{spider}", "{version}"), HistoryQuery: "/v1/spiders/{spider}/history"}[query]
    parameters = service.json("/openapi.json")["paths"][path]["get"]["parameters"]
    assert {entry["name"] for entry in parameters if entry["in"] == "query"} == {*query.model_fields}
    assert all(entry["description"] for entry in parameters)


def test_every_status_is_documented(service: Service) -> None:
    statuses = {200, 304, 405, *problems.MEANINGS}
    assert [status for status in statuses if f"| {status} |" not in GUIDE] == []
    declared: set[int] = set()
    for operations in service.json("/openapi.json")["paths"].values():
        assert operations.keys() == {"get"}
        for status, response in operations["get"]["responses"].items():
            declared.add(int(status))
            assert int(status) < 400 or [*response["content"]] == [PROBLEM]
    assert declared == statuses - {405}


def test_the_page_has_all_of_the_document(service: Service) -> None:
    page = service.ask("/docs")
    text = page.body.decode()
    document = service.json("/openapi.json")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<code>latest</code> or <code>previous</code>" in text
    assert "&lt;" not in text
    for path, operations in document["paths"].items():
        assert f"GET {path}" in text
        for parameter in operations["get"]["parameters"]:
            assert f"<code>{parameter['name']}</code>" in text
    for name in document["components"]["schemas"]:
        assert f"<code>{name}</code>" in text


def test_the_page_asks_no_host_and_runs_nothing(service: Service) -> None:
    page = service.ask("/docs")
    text = page.body.decode()
    assert {*re.findall(r'(?:src|href|action)\s*=\s*"([^"#]*)', text)} == {"", "openapi.json"}
    assert re.findall(r"<(?:script|iframe|img|link|object)|@import|url\(", text) == []
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", ["README.md", "docs/serve.md"])
def test_the_addresses_that_are_shown_answer(service: Service, page: str) -> None:
    shown = re.findall(r"curl 'http://127\.0\.0\.1:8080(/\S+)'", (ROOT / page).read_text(encoding="utf-8"))
    assert shown
    for path in shown:
        assert service.json(path)["records"]


def test_the_examples_run(service: Service) -> None:
    code = "".join(re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))
    checks = "assert len(rows) and len(whole) and records.num_rows"
    text = code.replace("http://127.0.0.1:8080", service.url) + checks
    ended = subprocess.run([sys.executable, "-W", "error", "-c", text], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "b200_trt" in ended.stdout
