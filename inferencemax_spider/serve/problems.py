"""What is wrong with a request, told in one shape: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.catalog import UnknownNameError

MEDIA_TYPE = "application/problem+json"
MEANINGS = {
    404: "There is no such thing; the detail names what is there.",
    406: "None of the formats that the `Accept` header takes is one of this address.",
    410: "The version was removed or changed while it was being read.",
    414: "The address is too long.",
    422: "A parameter is wrong; the detail names it and what is valid.",
    500: "What is stored cannot be read.",
    503: "Too many requests at once, or this one took too long, or the object store does not answer; try again.",
}
"""The statuses that addresses may answer with besides success."""
ALWAYS = (414, 500, 503)
OF_STORED = (404, 410, 422)
"""Of an address of something in the store, besides those of every address."""


class Problem(BaseModel):
    """What is wrong."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field("about:blank", description="Always `about:blank`: the status says what kind of problem it is")
    title: str = Field(description="The status in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What is wrong, in one line")


class ProblemError(Exception):
    """A request that cannot be answered, with the status and the line that says why."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class GoneError(ProblemError):
    """A version that was removed while it was being read."""

    def __init__(self, detail: str) -> None:
        super().__init__(410, detail)


def response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells of a problem; nobody keeps it."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(problem.model_dump_json(), status, kept, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems of these *statuses* as an operation of the OpenAPI document declares them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {status: {"description": MEANINGS[status], "content": content} for status in statuses}


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response(422, "; ".join(_told(fault) for fault in error.errors()))


def _told(fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"][1:]) or "the request"
    if fault["type"] == "extra_forbidden":
        return f"there is no parameter {name!r}; /docs lists those there are"
    return f"{name}={str(fault['input'])[:100]!r}: {fault['msg'].removeprefix('Value error, ')}"


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:  # noqa: PLR2004 - method not allowed
        return response(405, "nothing can be written here; use GET or HEAD", {"Allow": "GET, HEAD"})
    detail = "there is no such address; /docs lists those there are" if error.status_code == 404 else str(error.detail)  # noqa: PLR2004 - not found
    return response(error.status_code, detail, error.headers)


def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return response(error.status, error.detail, error.headers)


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    RequestValidationError: _refused,
    HTTPException: _http,
    ProblemError: _ours,
    ArgumentError: lambda _, error: response(422, str(error)),
    UnknownNameError: lambda _, error: response(422, str(error)),
    # The cause stands in the log of the service; it is not for whoever asked.
    Exception: lambda _, __: response(500, "something went wrong; the log of the service says what"),
}


def install(app: FastAPI) -> None:
    """Have *app* tell of every problem in this shape."""
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
