"""What is expected of a run: the thresholds of the monitors, with their defaults, and a file that overrides them.

Each field of the models below is a key of ``expectations.toml``; its description is what ``docs/quality.md`` says. The
nearest section wins: code, setting ``REJECTED_SHARE_MAX``, ``[defaults]``, ``[spiders.NAME]``, ``[models."NAME"]``,
``[spiders.NAME.models."NAME"]``. Within ``severity`` and ``records_min``, key by key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic import ValidationError as Invalid

from inferencemax_spider.arguments import ArgumentError, told

FILE_NAME = "expectations.toml"

Share = Annotated[float, Field(ge=0, le=1)]
Level = Literal["error", "warning", "off"]


class Strict(BaseModel):
    """A section of the file: no key that nobody knows, no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Severities(Strict):
    """What the findings of each monitor are: an ``error`` makes the run incomplete, a ``warning`` is shown."""

    endpoints_ok: Level = "error"
    models_covered: Level = "error"
    expected_hwkeys: Level = "error"
    rejected_share: Level = "error"
    unasked_rows: Level = "warning"
    merge_complete: Level = "error"
    finish_reason: Level = "error"
    hwkeys_gone: Level = "error"
    record_counts: Level = "error"
    fields_gone: Level = "error"
    fields_new: Level = "warning"
    distribution_shift: Level = "error"
    stale_data: Level = "warning"
    duplicates: Level = "warning"
    retries: Level = "warning"


class ModelLimits(Strict):
    """What can be said of each model."""

    required_hwkeys: list[str] = Field(
        default=[], description="hwKeys that must be in every endpoint of the model, besides those of the catalogue"
    )
    excused_hwkeys: list[str] = Field(
        default=[], description="hwKeys that may be missing, also those that the catalogue expects"
    )
    records_min: dict[str, PositiveInt] = Field(
        default={},
        description='Least number of records: of the model (`total`), of a sequence (`"1k-8k"`), of a data type of it '
        '(`"1k-8k e2e"`)',
    )
    record_drop_max: Share = Field(
        default=0.2, description="Share of the records of a model × sequence × data type that may vanish at once"
    )
    stale_days: PositiveInt = Field(
        default=30, description="Days after its newest measurement from which a model counts as stale"
    )
    stale_known: bool = Field(
        default=False, description="Name models that were stale in the version before, too, or are so in the first one"
    )
    shift_max: PositiveFloat = Field(
        default=0.25, description="Relative change of a curve's median that is not worth naming"
    )
    shift_spread: NonNegativeFloat = Field(
        default=3.0,
        description="How many times the median change between earlier versions a change may be, where that is more",
    )
    shift_records_min: PositiveInt = Field(
        default=3, description="Least number of matching records that say anything about a curve"
    )


class RunLimits(ModelLimits):
    """What can be said of a run, and of all its models."""

    rejected_share_max: Share = Field(
        default=0.0, description="Share of rejected records of all received; else the setting `REJECTED_SHARE_MAX`"
    )
    duplicates_max: NonNegativeInt = Field(
        default=0, description="Identities that several records of a response may share"
    )
    retries_max: Share = Field(default=0.5, description="Share of the requests that may be retries")
    shift_versions: PositiveInt = Field(
        default=5, description="Earlier versions that a curve's history is taken from; at least 4 are needed for one"
    )
    severity: Severities = Field(
        default=Severities(), description="`error`, `warning` or `off`, by monitor; see the table of monitors"
    )


class SpiderSection(RunLimits):
    """The section of a spider, with those of its models."""

    models: dict[str, ModelLimits] = {}


class Book(Strict):
    """The whole file; ``of`` says what it means for one spider."""

    defaults: RunLimits = RunLimits()
    spiders: dict[str, SpiderSection] = {}
    models: dict[str, ModelLimits] = {}

    def of(self, spider: str) -> Expectations:
        """Return what is expected of the runs of *spider*."""
        own = self.spiders.get(spider, SpiderSection())
        run = _merged(_given(self.defaults), _given(own))
        run.pop("models", None)
        names = dict.fromkeys([*self.models, *own.models])
        models = {
            name: _merged(run, *(_given(section[name]) for section in (self.models, own.models) if name in section))
            for name in names
        }
        return Expectations(RunLimits(**run), {name: RunLimits(**limits) for name, limits in models.items()})


@dataclass(frozen=True)
class Expectations:
    """What is expected of a run of one spider: of the ``run``, and of those ``models`` of which more is said."""

    run: RunLimits = RunLimits()  # noqa: RUF009 - it is frozen
    models: Mapping[str, ModelLimits] = field(default_factory=dict)

    def of(self, model: str) -> ModelLimits:
        """Return what is expected of *model*."""
        return self.models.get(model, self.run)


def load(path: str | Path | None = None, rejected_share_max: float = 0.0) -> Book:
    """Read the file at *path*; without one, ``expectations.toml`` in the working folder if it is there.

    *rejected_share_max* is the default of the key of that name.

    Raises:
        ArgumentError: the file cannot be read, or is not as it must be; the message names the file and the key.
    """
    file = Path(path or FILE_NAME)
    document = _document(file) if path or file.is_file() else {}
    try:
        book = Book.model_validate(document)
    except Invalid as error:
        raise ArgumentError(told(f"{file}:", error)) from None
    fallback = RunLimits(rejected_share_max=rejected_share_max)
    return book.model_copy(update={"defaults": RunLimits(**_merged(_given(fallback), _given(book.defaults)))})


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"cannot read the expectations in {file}: {error.strerror}") from None
    except ValueError as error:
        raise ArgumentError(f"{file} is not valid TOML: {error}") from None


def _given(section: Strict) -> dict[str, Any]:
    """Return what *section* says, and not what it leaves to the default."""
    return section.model_dump(exclude_unset=True)


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return *layers* laid over each other, tables key by key."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = merged.get(name)
            merged[name] = {**below, **value} if isinstance(value, dict) and isinstance(below, dict) else value
    return merged
