"""The application: the addresses, its OpenAPI document, and the page that shows that."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape
from pydantic.json_schema import models_json_schema

from inferencemax_spider import __version__
from inferencemax_spider.serve import problems
from inferencemax_spider.serve.guard import Guard
from inferencemax_spider.serve.queries import SECONDS, Database
from inferencemax_spider.serve.routes import Service
from inferencemax_spider.serve.source import Source

WORKERS = 8
"""Threads that answer: so many requests are worked on at once, and the others wait."""
TEMPLATES = files(__package__) / "templates"
TITLE = "InferenceMAX data service"
DESCRIPTION = """Read-only access to the versions that inferencemax-spider has stored: records with filters and paging
as JSON, CSV or an Arrow stream, coverage, checks, and the history of a metric. HEAD is answered wherever GET is. An
answer has an ETag; with `If-None-Match` it is 304 as long as nothing has changed. Whatever is wrong is told as
`application/problem+json`."""


def create(output: Path, refresh: Callable[[], object] | None = None, seconds: float = SECONDS) -> FastAPI:
    """Return the application over the versions in *output*, with so many *seconds* for a query.

    *refresh* makes *output*, if it is the mirror of an object store, what the store has.
    """
    source = Source(output, refresh)
    database = Database(source.output, seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = WORKERS
        yield
        database.close()

    app = FastAPI(
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(Service(source, database).router)
    app.add_api_route("/docs", lambda: _page(app), include_in_schema=False)
    app.add_middleware(Guard)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    problems.install(app)
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the shape of problems."""
    if not app.openapi_schema:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, shared = models_json_schema(
            [(problems.Problem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        document["components"]["schemas"] |= shared["$defs"]
        app.openapi_schema = document
    return app.openapi_schema


@cache
def _page(app: FastAPI) -> Response:
    """Return the document as a page that asks no host for anything and runs no script."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["marked"] = _marked
    style = (TEMPLATES / "docs.css").read_text(encoding="utf-8")
    template = environment.from_string((TEMPLATES / "docs.html").read_text(encoding="utf-8"))
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    page = template.render(document=app.openapi(), style=style)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


def _marked(text: str) -> Markup:
    """Return *text* as HTML, with what stands between backticks as code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped
