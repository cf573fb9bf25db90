"""What the pages do besides their work, as every real page does."""

from __future__ import annotations

from playwright.sync_api import Request, Route

from tests.demo.pages.conftest import Visiting
from tests.demo.pages.visit import OUTSIDE, Visit


def watched(visit: Visit, path: str) -> tuple[list[Request], list[Request], list[str]]:
    """Open *path*; return all requests, those that failed, and what was said on the console and asked of sockets."""
    requests: list[Request] = []
    failed: list[Request] = []
    messages: list[str] = []
    visit.page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - Playwright marks its handlers
    visit.page.on("requestfailed", lambda request: failed.append(request))  # noqa: PLW0108 - as above
    visit.page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    visit.page.on("websocket", lambda socket: messages.append(f"websocket: {socket.url}"))
    visit.open(path)
    visit.settle()
    return requests, failed, messages


def test_images_and_trackers_are_loaded_and_prefetches_given_up(visiting: Visiting) -> None:
    for path in ("/inference", "/2025/"):
        visit = visiting()
        requests, failed, messages = watched(visit, path)
        kinds = {(request.resource_type, request.url.removeprefix(visit.site.base_url)) for request in requests}
        assert {("image", "/assets/logo.svg"), ("script", "http://tracker.invalid/script.js")} <= kinds
        assert ("ping", "http://tracker.invalid/collect") in kinds
        assert "websocket: ws://tracker.invalid/live" in messages
        assert sum("?_rsc=" in request.url and request.failure == "net::ERR_ABORTED" for request in failed) == 2
        assert any(message.startswith("warning: Hydration") for message in messages)


def test_without_them_a_page_works_as_well(visiting: Visiting) -> None:
    blocked = []

    def refuse(route: Route) -> None:
        blocked.append(route.request.url)
        route.abort()

    for path in ("/inference", "/2025/"):
        visit = visiting()
        visit.page.route(OUTSIDE, refuse)
        visit.page.route("**/*.svg", refuse)
        visit.open(path)
        visit.select("ISL / OSL", "8K / 1K")
        visit.shows("ISL / OSL", "8K / 1K")
    assert {"http://tracker.invalid/script.js"} < {*blocked}
