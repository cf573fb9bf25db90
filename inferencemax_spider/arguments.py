"""Spider arguments: strings, as ``-a`` and Scrapyd pass them, parsed and checked in this one place.

The models below are also the documentation: each field's description is what the README's table says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from inferencemax_spider import catalog, envelope
from inferencemax_spider.shards import Shard


class ArgumentError(ValueError):
    """A wrong spider argument; the message is one line that names the valid ones."""


def _listed(text: Any) -> Any:
    """Split a comma-separated argument; what is no text passes as it is."""
    if not isinstance(text, str):
        return text
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError("is empty; leave it out to take everything")
    return parts


def _models(value: Any, info: ValidationInfo) -> Any:
    known = (info.context or {}).get("models", catalog.MODELS)
    if value is None:
        return known
    return _in_order(known, [catalog.find("model", name, known) for name in _listed(value)])


def _sequences(value: Any) -> Any:
    return _in_order(catalog.SEQUENCES, [catalog.find("sequence", name, catalog.SEQUENCES) for name in _listed(value)])


def _labels(value: Any) -> Any:
    known = (*catalog.SEQUENCES, catalog.AGENTIC)
    return tuple(
        entry.label for entry in _in_order(known, [catalog.find("sequence", text, known) for text in _listed(value)])
    )


def _day(text: str) -> str:
    """Return *text*, which must be a day; it stays text, since it is only compared with the site's days."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
        raise ValueError(f"{text!r} is no day of the form YYYY-MM-DD")
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no day: {error}") from None
    return text


Day = Annotated[str, AfterValidator(_day)]


def _some_of(kind: str, valid: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return what checks that all names in a comma-separated argument are *valid* ones of this *kind*."""

    def chosen(value: Any) -> Any:
        names = [name.casefold() for name in _listed(value)]
        for name in names:
            if name not in valid:
                raise catalog.UnknownNameError(f"unknown {kind} {name!r}; valid: {', '.join(valid)}")
        return _in_order(valid, names)

    return chosen


def _in_order(known: tuple[Any, ...], chosen: list[Any]) -> tuple[Any, ...]:
    """Return what was *chosen* once each, in catalogue order."""
    return tuple(entry for entry in known if entry in chosen)


def _site(url: str) -> str:
    """Return the root of a site without a trailing slash."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[?#\s]", url):
        raise ValueError(f"{url!r} is not the root of a site, such as http://127.0.0.1:8000")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password")
    _ = parts.port  # raises ValueError when it is no port number
    return url.rstrip("/")


def _stored(folder: Path) -> Path:
    """Return the folder of raw files that *folder* is, or holds."""
    raw = folder / "raw" if (folder / "raw").is_dir() else folder
    if not envelope.names(raw):
        raise ValueError(f"{str(folder)!r} holds no raw files; give the folder of a run: output/inferencemax/latest")
    return raw


def _shard(value: Any) -> Any:
    return Shard.parse(value) if isinstance(value, str) else value


class SiteArguments(BaseModel):
    """The arguments that every spider has."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    base_url: Annotated[str, AfterValidator(_site)] = Field(description="Root of the site: `http://127.0.0.1:8000`")
    sample: PositiveInt | None = Field(default=None, description="Collect only the first N endpoints of the plan")
    shard: Annotated[Shard | None, BeforeValidator(_shard)] = Field(
        default=None, description="Collect only part K of N of the plan, `2/5`; `scrapy combine` joins the parts"
    )
    replay: Annotated[Path, AfterValidator(_stored)] | None = Field(
        default=None,
        description="Read the stored raw files of an earlier run instead of the network: its folder, or a version",
    )


class InferencemaxArguments(SiteArguments):
    """Arguments of the spider ``inferencemax``."""

    models: Annotated[tuple[catalog.Model, ...], BeforeValidator(_models)] = Field(
        default=None,
        validate_default=True,
        description="Models to collect: names, slugs or aliases, comma separated, in any case",
    )
    sequences: Annotated[tuple[catalog.Sequence, ...], BeforeValidator(_sequences)] = Field(
        default=catalog.SEQUENCES, description="Sequences to collect: `1k/1k`, `1k_8k`, `8k-1k` …, comma separated"
    )
    data_types: Annotated[tuple[catalog.DataType, ...], BeforeValidator(_some_of("data type", catalog.DATA_TYPES))] = (
        Field(default=catalog.DATA_TYPES, description="Data types to collect: `e2e`, `interactivity`")
    )
    base_url: Annotated[str, AfterValidator(_site)] = Field(
        default="https://inferencemax.semianalysis.com", description="Root of the site: `http://127.0.0.1:8000`"
    )


class InferencexArguments(SiteArguments):
    """Arguments of the spider ``inferencex``."""

    models: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Models to collect: display names or database keys, comma separated, in any case"
    )
    sequences: Annotated[tuple[str, ...], BeforeValidator(_labels)] = Field(
        default=(), description="Sequences to collect: `1k/1k`, `1k_8k` …, `agentic-traces`, comma separated"
    )
    mode: Literal["latest", "as_of", "exact", "history"] = Field(
        default="latest",
        description="`latest`: the newest row of each configuration; `as_of`: as it was on `date`; "
        "`exact`: only the rows of `date`, or of the days from `since` to `until`; `history`: every day",
    )
    date: Day | None = Field(default=None, description="The day of `as_of` and `exact`, `YYYY-MM-DD`")
    since: Day | None = Field(default=None, description="First day of `exact` and `history`")
    until: Day | None = Field(default=None, description="Last day of `exact` and `history`")
    datasets: Annotated[
        tuple[Literal["benchmarks"] | catalog.Dataset, ...],
        BeforeValidator(_some_of("dataset", ("benchmarks", *catalog.DATASETS))),
    ] = Field(
        default=("benchmarks",),
        description="What to collect: `benchmarks`, `evaluations`, `reliability`, `submissions`, `workflow_info`",
    )
    only_changed: bool = Field(
        default=False,
        description="`1`: carry models with nothing new over from the previous version instead of asking for them",
    )
    base_url: Annotated[str, AfterValidator(_site)] = Field(
        default="https://inferencex.semianalysis.com", description="Root of the site: `http://127.0.0.1:8000`"
    )

    @model_validator(mode="after")
    def _days_that_the_mode_takes(self) -> Self:
        taken = {"latest": (), "as_of": ("date",), "exact": ("date", "since", "until"), "history": ("since", "until")}
        for name in ("date", "since", "until"):
            if getattr(self, name) and name not in taken[self.mode]:
                raise ValueError(
                    f"{name} is not for mode={self.mode}; it takes: {', '.join(taken[self.mode]) or 'no days'}"
                )
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since={self.since} is after until={self.until}")
        if self.mode == "as_of" and not self.date:
            raise ValueError("mode=as_of needs a date: date=YYYY-MM-DD")
        if self.mode == "exact" and not (self.date or self.since or self.until):
            raise ValueError("mode=exact needs date=YYYY-MM-DD, or since and until")
        return self


class DashboardArguments(SiteArguments):
    """Arguments of the spider ``dashboard``."""

    models: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Models to collect: names of either generation, comma separated, in any case"
    )
    sequences: Annotated[tuple[str, ...], BeforeValidator(_labels)] = Field(
        default=(), description="Sequences to collect: `1k/1k`, `1k_8k` …, `agentic-traces`, comma separated"
    )
    select: Literal["auto", "url", "click"] = Field(
        default="auto",
        description="How to select on the page: `url` by its address, `click` in its dropdowns; "
        "`auto` by its address where it takes that",
    )
    base_url: Annotated[str, AfterValidator(_site)] = Field(
        default="https://inferencex.semianalysis.com", description="Root of the site: `http://127.0.0.1:8000`"
    )


Arguments = TypeVar("Arguments", bound=BaseModel)


def names(model: type[BaseModel]) -> list[str]:
    """Return the names of the arguments of *model*, its own before those that all spiders have."""
    shared = SiteArguments.model_fields
    return [name for name in model.model_fields if name not in shared] + list(shared)


def parse(
    wanted: type[Arguments], given: Mapping[str, str], models: tuple[catalog.Model, ...] = catalog.MODELS
) -> Arguments:
    """Return the *given* strings as *wanted*. Names that begin with an underscore are Scrapyd's and are passed over.

    Raises:
        ArgumentError: an argument is unknown or its value is wrong.
    """
    own = {name: text for name, text in given.items() if not name.startswith("_")}
    if unknown := sorted(own.keys() - wanted.model_fields.keys()):
        raise ArgumentError(f"unknown spider argument {unknown[0]!r}; valid: {', '.join(names(wanted))}")
    try:
        return wanted.model_validate(own, context={"models": models})
    except ValidationError as error:
        raise ArgumentError(told("spider argument", error)) from None


SOURCES = frozenset({"base_url", "replay", "only_changed", "select"})
"""Arguments that say where data comes from; all others say what is collected."""


def scope(arguments: BaseModel) -> dict[str, str]:
    """Return those of the *arguments* that were given and say what is collected, each in its one spelling."""
    given = sorted(arguments.model_fields_set - SOURCES)
    return {name: _spelt(value) for name in given if (value := getattr(arguments, name)) is not None}


def _spelt(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(_spelt(part) for part in value)
    return value.name if isinstance(value, catalog.Entry) else str(value)


def told(kind: str, error: ValidationError) -> str:
    """Return what is wrong with values of this *kind* in one line that names them."""
    return "; ".join(_told(kind, fault) for fault in error.errors(include_url=False))


def _told(kind: str, fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if not name:
        return f"{kind}s: {fault['msg'].removeprefix('Value error, ')}"
    reason = fault["msg"].removeprefix("Value error, ")
    return f"{kind} {name}: {reason}" if reason != fault["msg"] else f"{kind} {name}={fault['input']!r}: {reason}"
