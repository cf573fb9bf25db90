"""The addresses of the service. All are read with GET or HEAD; nothing can be written."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from inferencemax_spider import __version__
from inferencemax_spider.serve import answers, formats, problems
from inferencemax_spider.serve.history import Histories, States
from inferencemax_spider.serve.params import HistoryQuery, RecordsQuery
from inferencemax_spider.serve.queries import Database, File
from inferencemax_spider.serve.source import ALIASES, Source, followed, reading
from inferencemax_spider.versions.stored import StoredVersion

CHUNK = 1 << 18
FILE_TYPES = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".jsonl": "application/x-ndjson",
}
OTHER_TYPE = "application/octet-stream"

Endpoint = Callable[..., Response | Awaitable[Response]]
Spider = Annotated[str, Path(max_length=100, description="A spider that has versions", examples=["inferencex"])]
Name = Annotated[
    str,
    Path(max_length=200, description="A file that the summary lists; not a raw file", examples=["benchmarks.parquet"]),
]
Version = Annotated[
    str, Path(max_length=100, description="A version's name, `latest` or `previous`", examples=["latest"])
]


class Service:
    """The answers, over the versions of a *source*; ``router`` has their addresses."""

    def __init__(self, source: Source, database: Database) -> None:
        self.source = source
        self.database = database
        self.histories = Histories(source, database.seconds)
        self.router = APIRouter()
        self._add("/healthz", self.health, answers.Health)
        self._add("/v1/spiders", self.spiders, answers.Spiders, 410)
        self._add("/v1/spiders/{spider}/versions", self.versions, answers.Versions, *problems.OF_STORED)
        version = "/v1/spiders/{spider}/versions/{version}"
        self._add(version, self.summary, answers.Summary, *problems.OF_STORED)
        self._add_rows(f"{version}/records", self.records, answers.Records)
        self._add(f"{version}/coverage", self.coverage, answers.Coverage, *problems.OF_STORED)
        self._add(f"{version}/checks", self.checks, answers.Checks, *problems.OF_STORED)
        self._add_files(f"{version}/files/{{name}}")
        self._add_rows("/v1/spiders/{spider}/history", self.history, answers.History)

    def _add(self, path: str, endpoint: Endpoint, model: type, *statuses: int) -> None:
        """Have *endpoint* answer at *path*, with JSON like *model* or with a problem of these *statuses*."""
        self._documented(path, endpoint, answers.documented(statuses), response_model=model)

    def _add_rows(self, path: str, endpoint: Endpoint, model: type) -> None:
        documented = answers.documented((*problems.OF_STORED, 406), paged=True)
        self._documented(path, endpoint, documented, response_model=model)

    def _add_files(self, path: str) -> None:
        documented = answers.documented(problems.OF_STORED)
        media_types = (*FILE_TYPES.values(), OTHER_TYPE)
        documented[200]["content"] = {name: {"schema": {"type": "string"}} for name in media_types}
        self._documented(path, self.file, documented, response_class=Response)

    def _documented(self, path: str, endpoint: Endpoint, responses: dict[int | str, Any], **answer: Any) -> None:
        extra = {"parameters": [answers.KNOWN]}
        self.router.add_api_route(
            path, endpoint, responses=responses, openapi_extra=extra, name=endpoint.__name__, **answer
        )

    async def health(self, request: Request) -> Response:
        """Tell that the service is there."""
        # Not in a thread: those may all be waiting for an object store that does not answer.
        return self._listed(request, answers.Health(release=__version__))

    def spiders(self, request: Request) -> Response:
        """List the spiders that have versions."""
        return self._listed(request, answers.Spiders(spiders=followed(self._spiders)))

    def _spiders(self) -> list[answers.Spider]:
        counts = {name: len(self.source.versions(name)) for name in self.source.spiders()}
        return [
            answers.Spider(spider=name, versions=count, latest=self.source.latest(name))
            for name, count in counts.items()
        ]

    def versions(self, request: Request, spider: Spider) -> Response:
        """List the versions of a spider, oldest first: time, status, counts, size."""
        return self._listed(
            request, answers.Versions(spider=spider, versions=followed(lambda: self.source.rows(spider)))
        )

    def summary(self, request: Request, spider: Spider, version: Version) -> Response:
        """Give the whole summary of a version: counts, checks, coverage, timings, files with their digests."""
        return self._of_summary(request, spider, version, "", lambda stored: stored.summary)

    def coverage(self, request: Request, spider: Spider, version: Version) -> Response:
        """Give what a version should hold, and what it does: a row per endpoint, with its state and hwKeys."""
        return self._of_summary(request, spider, version, "/coverage", partial(_taken, names=("coverage",)))

    def checks(self, request: Request, spider: Spider, version: Version) -> Response:
        """Give the answers of the quality monitors to a version."""
        return self._of_summary(request, spider, version, "/checks", partial(_taken, names=("status", "checks")))

    def records(
        self,
        request: Request,
        spider: Spider,
        version: Version,
        query: Annotated[RecordsQuery, Query()],
    ) -> Response:
        """Give the records of a version: filtered, sorted, some of the columns, a page at a time.

        The next page is one of the same version, also where this one was asked for as `latest`.
        """
        kind = formats.chosen(query, request)

        def answered(stored: StoredVersion) -> Response:
            digest = self.source.digest(stored)
            place = f"{_place(stored)}/records"
            return formats.answer(
                request,
                formats.etag(request, kind, stored.name, digest),
                lambda: formats.rows(kind, query, self._part(request, query, stored, digest)),
                moving=version in ALIASES,
                place=f"{place}?{request.url.query}" if request.url.query else place,
            )

        return self._of_version(spider, version, answered)

    def _part(self, request: Request, query: RecordsQuery, stored: StoredVersion, digest: str) -> formats.Part:
        """Return the records of a version that the *query* asks for."""
        with reading(stored):
            file = File(self.source.records(stored), digest)
            selection = query.selection(self.database, file)
            total = self.database.count(file, selection.conditions)
            table = self.database.rows(file, selection)
        about = {"spider": stored.spider, "version": stored.name}
        link = formats.next_page(request, f"{_place(stored)}/records", query, total)
        return formats.Part(table, total, about, link)

    def history(
        self,
        request: Request,
        spider: Spider,
        query: Annotated[HistoryQuery, Query()],
    ) -> Response:
        """Give one metric over all versions of a spider: the best value of each curve, as `scrapy history` does."""
        kind = formats.chosen(query, request)

        def answered() -> Response:
            states = self.histories.states(spider)
            tag = formats.etag(request, kind, *(f"{stored.name} {digest}" for stored, digest in states))
            return formats.answer(request, tag, lambda: self._history(request, query, kind, states), moving=True)

        return followed(answered)

    def _history(self, request: Request, query: HistoryQuery, kind: str, states: States) -> Response:
        """Return the part of a history that the *query* asks for."""
        table, passed_over = self.histories.collected(states, query.wanted)
        about = {"spider": states[0][0].spider, "metric": query.metric, "passed_over": passed_over}
        link = formats.next_page(request, request.url.path, query, table.num_rows)
        page = table.slice(query.offset, query.limit)
        reply = formats.rows(kind, query, formats.Part(page, table.num_rows, about, link))
        if passed_over:
            reply.headers["X-Passed-Over"] = ", ".join(passed_over)
        return reply

    def file(
        self,
        request: Request,
        spider: Spider,
        version: Version,
        name: Name,
    ) -> Response:
        """Give a file of a version whole, byte for byte: `benchmarks.parquet`, a CSV, `report.html`."""

        def answered(stored: StoredVersion) -> Response:
            return formats.answer(
                request,
                formats.etag(request, name, stored.name, self.source.digest(stored)),
                lambda: _sent(self.source.opened(stored, name), name),
                moving=version in ALIASES,
                place=f"{_place(stored)}/files/{quote(name)}",
            )

        return self._of_version(spider, version, answered)

    def _listed(self, request: Request, value: Any) -> Response:
        """Return *value*, which a run may change at any moment."""
        reply = formats.document(value)
        tag = formats.etag(request, "json", sha256(bytes(reply.body)).hexdigest())
        return formats.answer(request, tag, lambda: reply, moving=True)

    def _of_summary(
        self, request: Request, spider: str, version: str, part: str, made: Callable[[StoredVersion], Any]
    ) -> Response:
        """Return what is *made* of the summary of a version, which is at its address and *part*."""

        def answered(stored: StoredVersion) -> Response:
            tag = formats.etag(request, "json", stored.name, self.source.digest(stored))
            place = f"{_place(stored)}{part}"
            with reading(stored):
                document = formats.document(made(stored))
            return formats.answer(request, tag, lambda: document, moving=version in ALIASES, place=place)

        return self._of_version(spider, version, answered)

    def _of_version(self, spider: str, version: str, answered: Callable[[StoredVersion], Response]) -> Response:
        """Return what is *answered* from the version of that name.

        Where that is removed meanwhile, and the name leads to another one now, it is answered from that.
        """
        if version in ALIASES:
            return followed(lambda: answered(self.source.find(spider, version)))
        return answered(self.source.find(spider, version))


def _place(stored: StoredVersion) -> str:
    return f"/v1/spiders/{stored.spider}/versions/{stored.name}"


def _taken(stored: StoredVersion, names: tuple[str, ...]) -> dict[str, Any]:
    summary = stored.summary
    return {"spider": stored.spider, "version": stored.name} | {name: summary[name] for name in names}


def _sent(file: BinaryIO, name: str) -> Response:
    """Return *file*, which is open, in pieces; it is closed when it was sent."""
    suffix = f".{name.rpartition('.')[2]}"
    headers = {"Content-Length": str(os.fstat(file.fileno()).st_size)}
    if suffix == ".html":
        headers["Content-Security-Policy"] = "frame-ancestors 'none'"  # the report has its own, which is stricter
    else:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(_pieces(file), headers=headers, media_type=FILE_TYPES.get(suffix, OTHER_TYPE))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK):
            yield piece
