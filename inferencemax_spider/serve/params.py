"""The parameters of the service's addresses, and what they mean for the columns of a version."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from inferencemax_spider import catalog
from inferencemax_spider.serve.problems import ProblemError
from inferencemax_spider.serve.queries import Condition, Database, File, Selection
from inferencemax_spider.versions import series
from inferencemax_spider.versions.shape import display_name

LARGEST_INTEGER = 2**63 - 1
MOST_ROWS = 10_000
MOST_NAMES = 200
LONGEST = 2_000
Format = Literal["json", "csv", "arrow"]

Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]


def _listed(text: str) -> list[str]:
    parts = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 0 < len(parts) <= MOST_NAMES:
        raise ValueError(f"must be 1 to {MOST_NAMES} values, comma separated")
    return parts


def _day(text: str) -> str:
    with suppress(ValueError):
        if date.fromisoformat(text).isoformat() == text:
            return text
    raise ValueError("is no day of the form YYYY-MM-DD")


def _whole(text: str) -> int:
    with suppress(ValueError):
        if abs(number := int(text)) <= LARGEST_INTEGER:
            return number
    raise ValueError(f"{text[:30]!r} is no whole number")


def _positive(text: str) -> float:
    with suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise ValueError(f"{text[:30]!r} is no interactivity in tok/s/user, such as 20,50")


def _metric(text: str) -> str:
    if text not in series.METRIC_NAMES:
        raise ValueError(f"there is no such metric; valid: {', '.join(series.METRIC_NAMES)}")
    return text


def _checked(*steps: Callable[[str], Any]) -> Any:
    """Return the validator that leaves a text as it is, when each of *steps* takes its parts."""

    def check(text: str) -> str:
        for part in _listed(text):
            for step in steps:
                step(part)
        return text

    return AfterValidator(check)


def sequences(text: str) -> tuple[str, ...]:
    """Return the sequences in a comma-separated *text*, in the spelling of the files."""
    known = (*catalog.SEQUENCES, catalog.AGENTIC)
    return tuple(catalog.find("sequence", name, known).label for name in _listed(text))


Listed = Annotated[Text, _checked()]
Whole = Annotated[Text, _checked(_whole)]
Sequences = Annotated[Text, _checked(sequences)]
Day = Annotated[str, AfterValidator(_day), Field(min_length=10, max_length=10, json_schema_extra={"format": "date"})]

MODELS_MEANING = "Only these models: as in either generation, display names or database keys, comma separated"
SEQUENCES_MEANING = "Only these sequences: `1k/1k`, `1k_8k` …, `agentic-traces`, comma separated"


class Page(BaseModel):
    """Which part of the rows, and in which format."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format | None = Field(None, description="The format of the answer; counts more than the `Accept` header")
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="So many rows at most")
    offset: int = Field(0, ge=0, le=10**12, description="So many rows are passed over")


class RecordsQuery(Page):
    """Which records of a version. A filter on a column that the version does not have is refused, never ignored."""

    models: Listed | None = Field(None, description=MODELS_MEANING, examples=["gpt-oss-120b"])
    sequences: Sequences | None = Field(None, description=SEQUENCES_MEANING, examples=["1k/8k,8k_1k"])
    hwKey: Listed | None = Field(None, description="Only these hwKeys, comma separated", examples=["b200_trt,h200"])  # noqa: N815 - the column's name
    precision: Listed | None = Field(None, description="Only these precisions, comma separated", examples=["fp4,fp8"])
    data_type: Listed | None = Field(
        None, description="`e2e` or `interactivity`; of the static generation, whose records are one or the other"
    )
    conc: Whole | None = Field(
        None, description="Only these numbers of concurrent requests, comma separated", examples=["4,64"]
    )
    tp: Whole | None = Field(None, description="Only these degrees of tensor parallelism, comma separated")
    model: Listed | None = Field(None, description="Only these database keys of the live API, comma separated")
    hardware: Listed | None = Field(None, description="Only this hardware of the live API, comma separated")
    framework: Listed | None = Field(None, description="Only these frameworks of the live API, comma separated")
    spec_method: Listed | None = Field(None, description="Only these speculative methods of the live API")
    since: Day | None = Field(None, description="Only what was measured on this day or later (live API)")
    until: Day | None = Field(None, description="Only what was measured on this day or before (live API)")
    columns: Listed | None = Field(
        None, description="Only these columns, in this order; by default all of the file", examples=["hwKey,conc,y"]
    )
    sort: Listed | None = Field(
        None,
        description="Columns to sort by, comma separated, `-` before one for the largest first. Missing values come "
        "last, equal rows in the order of the file, which is also that without `sort`",
        examples=["-conc,hwKey"],
    )

    def selection(self, database: Database, file: File) -> Selection:
        """Return what is asked of the records in *file*.

        Raises:
            ProblemError: a column or a model is not there; the detail names those that are.
        """
        there = database.columns(file)
        selection = Selection(
            tuple(self._conditions(database, file)),
            tuple(_listed(self.columns)) if self.columns else there,
            tuple((name.removeprefix("-"), name.startswith("-")) for name in _listed(self.sort)) if self.sort else (),
            self.limit,
            self.offset,
        )
        named = [condition.column for condition in selection.conditions] + [name for name, _ in selection.order]
        for name in (*named, *selection.columns):
            _require(name, there)
        return selection

    def _conditions(self, database: Database, file: File) -> Iterator[Condition]:
        if self.models:
            _require("model_name", database.columns(file))
            yield Condition("model_name", "in", _models(self.models, database.texts(file, "model_name")))
        if self.sequences:
            yield Condition("sequence_length", "in", sequences(self.sequences))
        for name in ("hwKey", "precision", "data_type", "model", "hardware", "framework", "spec_method"):
            if text := getattr(self, name):
                yield Condition(name, "in", tuple(_listed(text)))
        for name in ("conc", "tp"):
            if text := getattr(self, name):
                yield Condition(name, "in", tuple(map(_whole, _listed(text))))
        if self.since:
            yield Condition("date", "from", (self.since,))
        if self.until:
            yield Condition("date", "to", (self.until,))


class HistoryQuery(Page):
    """Which metric over all versions of a spider, as ``scrapy history`` has it."""

    metric: Annotated[str, AfterValidator(_metric)] = Field(
        series.Wanted().metric,
        description="A numeric column",
        json_schema_extra={"enum": list(series.METRIC_NAMES)},
    )
    interactivity: Annotated[Text, _checked(_positive)] | None = Field(
        None,
        description="The best value with at least so many tok/s/user, read from the Pareto front; several, comma "
        "separated; by default the best value overall",
        examples=["20,50"],
    )
    models: Listed | None = Field(None, description=MODELS_MEANING, examples=["gpt-oss-120b"])
    sequences: Sequences | None = Field(None, description=SEQUENCES_MEANING, examples=["1k/8k,8k_1k"])
    since: Day | None = Field(None, description="Only from this day on")
    until: Day | None = Field(None, description="Only up to this day")

    @property
    def wanted(self) -> series.Wanted:
        """What is asked of the versions."""
        numbers = sorted({_positive(part) for part in _listed(self.interactivity)}) if self.interactivity else []
        return series.Wanted(
            metric=self.metric,
            interactivities=tuple(numbers),
            models=tuple(_listed(self.models)) if self.models else (),
            sequences=sequences(self.sequences) if self.sequences else (),
            since=self.since,
            until=self.until,
        )


def _require(name: str, there: tuple[str, ...]) -> None:
    if name not in there:
        raise ProblemError(422, f"this version has no column {name[:100]!r}; there are: {', '.join(there)}")


def _models(text: str, there: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the models that are *there* which *text* names, each in either generation's spelling."""
    found: list[str] = []
    for wanted in _listed(text):
        chosen = [name for name in there if display_name(name).casefold() == display_name(wanted).casefold()]
        if not chosen:
            raise ProblemError(422, f"this version has no model {wanted[:100]!r}; there are: {', '.join(there)}")
        found += chosen
    return tuple(dict.fromkeys(found))
