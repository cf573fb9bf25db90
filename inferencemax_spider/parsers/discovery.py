"""What the live API says of itself: which display names there are, and which measurements it has.

Source: ``/api/openapi.json`` (absent on older deployments) and ``/api/v1/availability``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from inferencemax_spider.parsers.bulk import DAY, BodyError, describe
from inferencemax_spider.parsers.derived import sequence_label


@with_config(ConfigDict(extra="allow"))
class Entry(TypedDict):
    """One combination of configuration and day that has finished data."""

    model: str
    date: Annotated[str, Field(pattern=DAY)]
    isl: NotRequired[int | None]
    osl: NotRequired[int | None]


ENTRIES = TypeAdapter(list[Entry])


@dataclass(frozen=True)
class Availability:
    """The combinations that the site has measured."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, body: bytes) -> Availability:
        """Return what the *body* of ``/api/v1/availability`` says.

        Raises:
            BodyError: it is no list of combinations.
        """
        try:
            return cls(tuple(ENTRIES.validate_json(body)))
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            if fault["type"] in {"json_invalid", "list_type"}:
                raise BodyError(describe(body)) from error
            place = " ".join(map(str, fault["loc"]))
            raise BodyError(f"no list of combinations: {place}: {fault['msg']}, not {fault['input']!r:.80}") from error

    def where(self, accepted: Callable[[Entry], bool]) -> Availability:
        """Return the combinations that are *accepted*."""
        return Availability(tuple(filter(accepted, self.entries)))

    def of(self, keys: Iterable[str]) -> Availability:
        """Return the combinations of the models with these *keys*."""
        wanted = frozenset(keys)
        return self.where(lambda entry: entry["model"] in wanted)

    @cached_property
    def newest(self) -> dict[str, str]:
        """The newest day of each model key."""
        days: dict[str, str] = {}
        for entry in self.entries:
            days[entry["model"]] = max(entry["date"], days.get(entry["model"], ""))
        return days

    @property
    def days(self) -> list[str]:
        """All days, oldest first."""
        return sorted({entry["date"] for entry in self.entries})

    @property
    def lengths(self) -> list[tuple[int | None, int | None]]:
        """All pairs of input and output length, in tokens, in the order of their labels; agentic traces have none."""
        return sorted({lengths(entry) for entry in self.entries}, key=lambda pair: sequence_label(*pair))

    def fingerprint(self, keys: Iterable[str]) -> frozenset[str]:
        """Return what is available of the models with these *keys*, to be compared with another day's."""
        return frozenset(repr(sorted(entry.items())) for entry in self.of(keys).entries)


def lengths(entry: Entry) -> tuple[int | None, int | None]:
    """Return the input and output length of a combination, in tokens; none for agentic traces."""
    return entry.get("isl"), entry.get("osl")


def display_names(body: bytes) -> list[str]:
    """Return the display names that the *body* of ``/api/openapi.json`` lists.

    Raises:
        BodyError: it lists none.
    """
    try:
        document: Any = TypeAdapter(Any).validate_json(body)
        parameters = document["paths"]["/api/v1/benchmarks"]["get"]["parameters"]
        listed = next(entry["schema"]["enum"] for entry in parameters if entry["name"] == "model")
        names = list(dict.fromkeys(name for name in listed if isinstance(name, str) and name))
    except ValidationError as error:
        raise BodyError(describe(body)) from error
    except (KeyError, TypeError, StopIteration) as error:
        raise BodyError("an OpenAPI document that lists no models") from error
    if not names:
        raise BodyError("an OpenAPI document that lists no models")
    return names
