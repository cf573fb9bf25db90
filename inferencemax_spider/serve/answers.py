"""What the service answers with, as its OpenAPI document declares it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inferencemax_spider.items import STATES
from inferencemax_spider.quality.checks import Severity, Status
from inferencemax_spider.serve import problems
from inferencemax_spider.serve.formats import MEDIA_TYPES
from inferencemax_spider.versions.overview import Row


class Health(BaseModel):
    """The service is there."""

    status: Literal["ok"] = "ok"
    release: str = Field(description="The release of inferencemax-spider that answers")


class Spider(BaseModel):
    """A spider that has versions."""

    spider: str
    versions: int = Field(description="How many there are")
    latest: str | None = Field(description="The version that `latest` leads to; null where none was usable")


class Spiders(BaseModel):
    """The spiders that have versions."""

    spiders: list[Spider]


class Versions(BaseModel):
    """The versions of a spider, oldest first, each as `scrapy versions --format json` has it."""

    spider: str
    versions: list[Row]


class Summary(BaseModel):
    """A version's `summary.json`; the README lists what it holds."""

    model_config = ConfigDict(extra="allow")

    spider: str
    version: str
    status: str


class CoverageRow(BaseModel):
    """An endpoint: what it should hold, and what it did."""

    model: str
    sequence: str | None
    data_type: str | None
    state: Literal[STATES]  # type: ignore[valid-type]  # mypy knows no Literal of a constant
    expected_hwkeys: list[str]
    missing_hwkeys: list[str]
    seen_hwkeys: dict[str, int]


class Coverage(BaseModel):
    """The expected-versus-seen matrix of a version."""

    spider: str
    version: str
    coverage: list[CoverageRow]


class Check(BaseModel):
    """The answer of a quality monitor."""

    name: str
    status: Status
    severity: Severity
    expected: str
    observed: str
    message: str
    findings: list[str]


class Checks(BaseModel):
    """The quality checks of a version."""

    spider: str
    version: str
    status: str
    checks: list[Check]


class Paged(BaseModel):
    """One page of rows."""

    spider: str
    total: int = Field(description="How many rows there are in all")
    limit: int
    offset: int
    next: str | None = Field(description="The address of the next page, of the same version; null on the last")
    records: list[dict[str, str | int | float | bool | None]] = Field(
        description="A row each: columns by name, as the README lists them; missing is null"
    )


class Records(Paged):
    """Records of a version."""

    version: str


class History(Paged):
    """The values of a metric."""

    metric: str
    passed_over: list[str] = Field(description="Versions that cannot be read")


KNOWN: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of answers that are there already",
    "schema": {"type": "string"},
}
HEADERS: dict[str, Any] = {
    "ETag": {"schema": {"type": "string"}, "description": "What the answer is made of; for `If-None-Match`"},
    "Cache-Control": {"schema": {"type": "string"}},
}
PAGING: dict[str, Any] = {
    "X-Total-Count": {"schema": {"type": "string", "pattern": "^[0-9]+$"}, "description": "Rows there are in all"},
    "Link": {"schema": {"type": "string"}, "description": 'The next page, `rel="next"`; none on the last'},
}


def documented(statuses: Iterable[int], *, paged: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the answers as an operation declares them: JSON, of rows the other formats too, and problems."""
    ok: dict[str, Any] = {"description": "What was asked for", "headers": HEADERS | (PAGING if paged else {})}
    if paged:
        ok["content"] = {
            MEDIA_TYPES["csv"]: {"schema": {"type": "string"}},
            MEDIA_TYPES["arrow"]: {"schema": {"type": "string", "format": "binary"}},
        }
    unchanged = {"description": "What `If-None-Match` names is what there is"}
    return {200: ok, 304: unchanged, **problems.documented(*statuses, *problems.ALWAYS)}
