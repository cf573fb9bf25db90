"""What can go wrong with the page: the data is right all the same, or the failure is named; never wrong data."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from inferencemax_spider.demo import Content, DemoSite, Fault, LayeredContent, PagesContent, Resource, pages_2026
from inferencemax_spider.demo.api import MODELS, ApiContent, ApiDataset
from inferencemax_spider.demo.api.shapes import Variant
from tests.crawl import runs
from tests.crawl.conftest import selected
from tests.crawl.runs import Run
from tests.dashboard.conftest import Crawl, Start, crawl_into

HASTE: dict[str, Any] = {"DOWNLOAD_TIMEOUT": 8, "RETRY_BACKOFF": 0.01}
NO_SECOND_TRY: dict[str, Any] = {**HASTE, "RETRY_TIMES": 0}
OF_2025 = ("-a", "models=gpt-oss", "-a", "sequences=1k8k,8k1k")
OF_2026 = ("-a", "models=gpt-oss,Qwen-3.5-397B-A17B")
BODY = "gpt-oss-120b-1k_8k-e2e.json"
ROWS = "*benchmarks?model=gpt-oss-120b"


@dataclass(frozen=True)
class Case:
    """A fault of the page, or of what it asks for; what is said of it, or nothing where the data comes whole."""

    generation: str
    spec: str
    said: str = ""
    select: str = "auto"
    retried: bool = False

    def __str__(self) -> str:
        return f"{self.generation} {self.spec} {self.select}".replace(" auto", "")


CASES = (
    # What a page may do without costing a record.
    Case("2025", "decoy@/"),
    Case("2025", "popup=0.2@/"),
    Case("2025", "late_options=1@/"),
    Case("2025", "reload=0.2@/"),
    Case("2025", "rename_control=id+testid@/"),
    Case("2025", "duplicate_control=id+testid@/"),
    Case("2025", f"latency=2@{BODY}"),
    Case("2025", f"slow_body=2@{BODY}"),
    Case("2025", f"status=503,times=1@{BODY}", retried=True),
    Case("2025", f"truncate,times=1@{BODY}", retried=True),
    Case("2025", "status=503,times=1@/", retried=True),
    Case("2026", "decoy@/inference", select="click"),
    Case("2026", "decoy=Model,role=combobox@/inference", select="click"),
    Case("2026", "popup=0.2@/inference*"),
    Case("2026", "popup=0.2@/inference*", select="click"),
    Case("2026", "late_options=1@/inference*", select="click"),
    Case("2026", "reload=0.2@/inference*"),
    Case("2026", "reload=0.2@/inference*", select="click"),
    Case("2026", "rename_control=label@/inference*"),
    Case("2026", "rename_control=id+testid@/inference*", select="click"),
    Case("2026", "duplicate_control=label@/inference*", select="click"),
    Case("2026", "labels@/inference*"),
    Case("2026", "labels@/inference*", select="click"),
    Case("2026", f"status=500,times=1@{ROWS}", retried=True),
    # What cannot be right is not taken for it.
    Case("2025", "decoy=Model,role=combobox@/", "find the control 'Model': role 'Model' matches 2, label 'Model'"),
    Case("2025", "rename_control@/", "find the control 'Model': role 'Model' matches nothing, label 'Model' matches"),
    Case("2025", "rename_control=label,control=sequence@/", "find the control 'ISL / OSL': role 'ISL / OSL' matches"),
    Case("2025", "duplicate_control=label@/", "role 'Model' matches 2, label 'Model' matches 2; these: button role="),
    Case("2025", "duplicate_control@/", "role 'Model' matches 2, label 'Model' matches 2; these: button role="),
    Case("2025", "wrong_model@/", "the page did not ask for gpt-oss-120b-8k_1k-e2e, gpt-oss-120b-8k_1k-interactivity"),
    Case("2025", "fallback@/", "choose 'gpt-oss 120B' in 'Model': the control shows 'DeepSeek R1 0528' afterwards"),
    Case("2025", "fallback=sequence@/", "choose '8K / 1K' in 'ISL / OSL': the control shows '1K / 1K' afterwards"),
    Case("2025", "missing_option=gpt-oss 120B@/", "there is no such option among: DeepSeek R1 0528, Llama 3.3 70B"),
    Case("2025", f"latency=100@{BODY}", "the page asked, and no answer came within 8 s; raise DOWNLOAD_TIMEOUT"),
    Case("2025", f"stall@{BODY}", "the connection was closed before the whole body had come"),
    Case("2025", f"status=500@{BODY}", "HTTP 500 Internal Server Error"),
    Case("2025", f"truncate@{BODY}", "the connection was closed before the whole body had come"),
    Case("2025", f"broken_gzip@{BODY}", "the body is not what its Content-Encoding says, or was cut off"),
    Case("2025", f"redirect=http://127.0.0.2:9/@{BODY}", "it leads to another host, which was not followed"),
    Case("2025", "redirect=http://127.0.0.2:9/@/", "load the page: it leads to another host, which was not followed"),
    Case("2025", "status=403@/", "HTTP 403 Forbidden"),
    Case("2025", "latency=100@/", "load the page: not within 8 s; raise DOWNLOAD_TIMEOUT"),
    Case("2025", "html@/", "recognise the page: it asked for no benchmarks within 8 s, so it is no dashboard"),
    Case("2026", "rename_control@/inference*", "id 'model-select' matches nothing; controls on the page: button"),
    Case("2026", "duplicate_control@/inference*", "id 'model-select' matches 2; these: button role=combobox"),
    Case("2026", "wrong_model@/inference*", "the page did not ask for gpt-oss-120b, but for "),
    Case("2026", "wrong_model@/inference*", "the page did not ask for Qwen-3.5-397B-A17B, but for ", select="click"),
    Case("2026", "fallback@/inference*", "select gpt-oss-120b: the page did not ask for gpt-oss-120b, but for"),
    Case("2026", "fallback@/inference*", "choose 'gpt-oss-120b' in 'Model': the control shows", select="click"),
    Case("2026", "missing_option=gpt-oss-120b@/inference*", "no model is called 'gpt-oss-120b'; valid: DeepSeek-R1"),
    Case("2026", f"latency=100@{ROWS}", "the page asked, and no answer came within 8 s; raise DOWNLOAD_TIMEOUT"),
    Case("2026", "latency=100@*availability", "availability: failed: the page asked, and no answer came within 8 s"),
)


@dataclass(frozen=True)
class Crawled:
    """A crawl of a site with a fault, and of the bodies that the site has."""

    run: Run
    site: DemoSite

    def served(self, url: str) -> bytes:
        """Return the body that stands at *url* when nothing goes wrong."""
        parts = urlsplit(url)
        return self.site.resource(parts.path, parts.query).body


@pytest.fixture(scope="module")
def crawls(
    request: pytest.FixtureRequest, older: Content, newer: Content, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Crawled]]]:
    """Return the crawls of the cases that were selected; as many at a time as there are processors."""

    def crawled(case: Case, output: Path) -> Crawled:
        with DemoSite(older if case.generation == "2025" else newer, [Fault.parse(case.spec)]) as site:
            asked = OF_2025 if case.generation == "2025" else OF_2026
            settings = NO_SECOND_TRY if case.said else HASTE
            return Crawled(crawl_into(output, site, *asked, "-a", f"select={case.select}", **settings), site)

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
        yield {
            name: pool.submit(crawled, case, tmp_path_factory.mktemp("fault"))
            for name, case in selected(request, "case").items()
        }


@pytest.mark.parametrize("case", [case for case in CASES if not case.said], ids=str)
def test_the_data_comes_whole(case: Case, crawls: dict[str, Future[Crawled]]) -> None:
    run = crawls[str(case)].result().run
    assert run.status == 0, run.output
    assert {entry["state"] for entry in run.endpoints} == {"ok"}
    assert run.summary["timings"]["retries"] > 0 or not case.retried
    _nothing_is_wrong(crawls[str(case)].result())


@pytest.mark.parametrize("case", [case for case in CASES if case.said], ids=str)
def test_the_failure_is_named(case: Case, crawls: dict[str, Future[Crawled]]) -> None:
    run = crawls[str(case)].result().run
    assert run.status in {1, 3}, run.output
    assert case.said in run.stdout
    _nothing_is_wrong(crawls[str(case)].result())


def _nothing_is_wrong(crawled: Crawled) -> None:
    """Check that whatever was taken for data is what the site has under that very name."""
    for entry in crawled.run.endpoints:
        if entry["state"] == "ok":
            name = entry["url"].rpartition("/")[2]
            assert entry["model"] in {"", "gpt-oss 120B"} or entry["model"] in name
            assert crawled.run.endpoints.count(entry) == 1
    for path in sorted((crawled.run.place / "raw").iterdir()):
        metadata, body = crawled.run.raw(path.name)
        if metadata["state"] == "ok":
            assert body == crawled.served(metadata["url"]), path.name


def test_a_failure_leaves_a_picture_the_page_and_what_was_said(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older, "rename_control@/"), *OF_2025, **NO_SECOND_TRY)
    assert run.read("evidence/page.png").startswith(b"\x89PNG")
    assert b'id="llm-picker"' in run.read("evidence/page.html")
    log = run.read("evidence/page.log").decode()
    assert "console warning: Hydration" in log
    assert "answer 200" in log
    assert "blocked script http://tracker.invalid/script.js" in log
    assert "blocked websocket ws://tracker.invalid/live" in log
    assert "see evidence/page.*" in run.stdout
    assert {name for name in run.summary["files"] if name.startswith("evidence/")} == {
        f"evidence/page.{kind}" for kind in ("html", "log", "png")
    }


def test_evidence_outlives_a_rebuild(older: Content, start: Start, crawl: Crawl, output: Path) -> None:
    first = crawl(start(older, f"status=500@{BODY}"), *OF_2025, **NO_SECOND_TRY)
    process = runs.begin(runs.scrapy("rebuild", f"dashboard/{first.place.name}", "-s", f"OUTPUT_DIR={output}"))
    again = runs.end(process, lambda: first.place)
    assert again.status == 3, again.output
    assert again.summary["rebuilt_at"]
    assert (again.place / "evidence" / BODY.replace(".json", ".png")).is_file()
    assert f"evidence/{BODY.replace('.json', '.png')}" in again.summary["files"]


class Swapped:
    """The site of 2026, on which one model's rows stand under another model's name."""

    def __init__(self, below: Content) -> None:
        self.below = below

    def get(self, path: str, query: str) -> Resource | None:
        """Return what is at *path*, but for gpt-oss the rows of GLM-5."""
        return self.below.get(path, query.replace("model=gpt-oss-120b", "model=GLM-5"))


def test_rows_of_another_model_are_refused_then_and_in_a_replay(newer: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(Swapped(newer)), *OF_2026, **NO_SECOND_TRY)
    said = "gpt-oss-120b: invalid: rows of model key glm5, model key glm5.1, where gpt-oss-120b was selected"
    assert run.status == 3
    assert said in run.stdout
    assert "GLM-5" not in run.cells("inference_max_e2e.csv")["model_name"].tolist()
    assert set(run.cells("inference_max_e2e.csv")["model"]) == {"qwen3.5"}
    again = crawl(None, *OF_2026, "-a", f"replay={run.place}")
    assert said in again.stdout
    assert again.read("inference_max_e2e.csv") == run.read("inference_max_e2e.csv")


def test_rows_of_a_name_that_the_page_does_not_offer_are_no_strangers(start: Start, crawl: Crawl) -> None:
    glm = next(model for model in MODELS if model.name == "GLM-5")
    merged = glm._replace(variants=(*glm.variants, Variant("kimik3", since="2025-12-08")))
    pages = pages_2026({"GLM-5": ("glm5", "glm5.1", "kimik3"), "Kimi-K3": ("none",)})
    content = LayeredContent(ApiContent(ApiDataset(models=(merged,))), PagesContent(newer=pages))
    run = crawl(start(content), **NO_SECOND_TRY)
    assert [entry["state"] for entry in run.endpoints] == ["ok", "ok"], run.output
    assert "kimik3" in set(run.cells("inference_max_e2e.csv")["model"])
    again = crawl(None, "-a", f"replay={run.place}")
    assert again.read("inference_max_e2e.csv") == run.read("inference_max_e2e.csv")


def test_a_replay_does_not_point_to_evidence_that_it_does_not_have(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older, f"latency=100@{BODY}"), *OF_2025, **NO_SECOND_TRY)
    again = crawl(None, *OF_2025, "-a", f"replay={run.place}")
    reasons = [next(it["reason"] for it in its.endpoints if it["state"] == "failed") for its in (run, again)]
    assert not (again.place / "evidence").exists()
    assert reasons[0] == f"{reasons[1]}; see evidence/{BODY.removesuffix('.json')}.*"


class Intrusive:
    """A site whose page opens windows and asks questions that must be answered before anything else."""

    def __init__(self, below: Content) -> None:
        self.below = below

    def get(self, path: str, query: str) -> Resource | None:
        """Return what is at *path*; the page with what intrudes."""
        found = self.below.get(path, query)
        if found is None or path != "/":
            return found
        script = b'<script>addEventListener("click", () => { open("/elsewhere"); alert("hello"); });</script>'
        return Resource(found.body.replace(b"</head>", script + b"</head>"), found.content_type)


class Chatty:
    """A site whose page opens a WebSocket to another host as soon as it can, and so does a window that it opens."""

    def __init__(self, below: Content, port: int) -> None:
        self.below = below
        self.script = f"<script>new WebSocket('ws://127.0.0.2:{port}/live');</script>".encode()

    def get(self, path: str, query: str) -> Resource | None:
        """Return what is at *path*; the page and the window with a WebSocket."""
        if path == "/window":
            return Resource(self.script, "text/html")
        found = self.below.get(path, query)
        if found is None or path != "/":
            return found
        script = self.script + b"<script>addEventListener('click', () => open('/window'));</script>"
        return Resource(found.body.replace(b"</head>", script + b"</head>"), found.content_type)


def test_a_websocket_reaches_no_other_host(older: Content, start: Start, crawl: Crawl) -> None:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.settimeout(0)
        site = start(Chatty(older, listener.getsockname()[1]))
        run = crawl(site, *OF_2025, **HASTE)
        assert run.status == 0, run.output
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_windows_and_questions_do_not_hold_the_visit_up(older: Content, start: Start, crawl: Crawl) -> None:
    site = start(Intrusive(older))
    run = crawl(site, *OF_2025, **HASTE)
    assert run.status == 0, run.output
    assert run.summary["endpoints"]["ok"] == 4
    assert any(request.path == "/elsewhere" for request in site.requests)


class Marked:
    """A site whose bodies begin with a byte order mark, which a browser leaves out of what it shows."""

    def __init__(self, below: Content) -> None:
        self.below = below

    def get(self, path: str, query: str) -> Resource | None:
        """Return what is at *path*; of data, with the mark."""
        found = self.below.get(path, query)
        return Resource(b"\xef\xbb\xbf" + found.body) if found and path.startswith("/data/") else found


def test_a_body_is_kept_to_the_last_byte_and_the_first(older: Content, start: Start, crawl: Crawl) -> None:
    site = start(Marked(older))
    run = crawl(site, *OF_2025)
    for path in (run.place / "raw").iterdir():
        assert run.raw(path.name)[1] == site.resource(f"/data/inference-performance/{path.name}", "").body


def test_a_body_of_20_mb_comes_whole(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older, f"oversize=20000000@{BODY}"), *OF_2025)
    assert run.status == 0, run.output
    assert max(entry["bytes"] for entry in run.endpoints) >= 20_000_000


def test_a_body_beyond_the_limit_is_named(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older), *OF_2025, **NO_SECOND_TRY, DOWNLOAD_MAXSIZE=1000)
    assert run.status == 1
    assert "body larger than 1000 bytes; raise DOWNLOAD_MAXSIZE" in run.stdout


def test_a_body_that_says_that_it_is_too_large_is_not_waited_for(older: Content, start: Start, crawl: Crawl) -> None:
    run = crawl(start(older, f"stall@{BODY}"), *OF_2025, **NO_SECOND_TRY, DOWNLOAD_MAXSIZE=3000)
    said = {entry["url"].rpartition("/")[2]: entry["reason"] for entry in run.endpoints}
    assert said[BODY].startswith("body larger than 3000 bytes; raise DOWNLOAD_MAXSIZE")


def test_robots_txt_is_obeyed(older: Content, start: Start, crawl: Crawl) -> None:
    site = start(older, "status=200,body=User-agent: *\nDisallow: /inference@/robots.txt")
    run = crawl(site)
    assert run.status == 1
    assert "forbidden by the site's robots.txt" in run.stdout
    assert [request.path for request in site.requests] == ["/robots.txt"]


def test_a_site_that_is_not_there_is_named(older: Content, crawl: Crawl) -> None:
    with DemoSite(older) as site:
        pass
    run = crawl(site, **NO_SECOND_TRY)
    assert run.status == 1
    assert "load the page: connection refused: nothing listens there; check base_url" in run.stdout
