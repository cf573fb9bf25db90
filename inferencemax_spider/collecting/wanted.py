"""Which spiders run for ``scrapy collect``, and what each of them is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scrapy.settings import Settings

from inferencemax_spider.arguments import SOURCES, ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import order

PRIMARY, FALLBACK = "inferencex", "dashboard"
NOT_TAKEN = {
    "replay": "scrapy crawl replays a run",
    "shard": "scrapy combine puts shards together",
}
"""Spider arguments that make no sense here, and what to do instead."""


@dataclass(frozen=True)
class Wanted:
    """A spider and its arguments; ``obstacle`` says why it cannot run, if it cannot."""

    spider: str
    arguments: Mapping[str, str]
    obstacle: str = ""

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The arguments that say what is collected."""
        return tuple(sorted((name, text) for name, text in self.arguments.items() if name not in SOURCES))


def divided(
    settings: Settings, names: tuple[str, str], given: Mapping[str, str], for_fallback: Mapping[str, str]
) -> tuple[Wanted, Wanted]:
    """Return what the two spiders of these *names*, the primary and the fallback, are to do; all of it is checked.

    Both take what is *given*, as far as they have such an argument; what is *for_fallback* goes before that. An
    argument that says what is collected must be one of the fallback's too: it would collect something else otherwise.

    Raises:
        ArgumentError: one of them does not take what it is given.
    """
    if names[0] == names[1]:
        raise ArgumentError(f"{names[0]} cannot be its own fallback; name another one with --fallback")
    for name, instead in NOT_TAKEN.items():
        if name in {*given, *for_fallback}:
            raise ArgumentError(f"spider argument {name!r} is not for collect: {instead}")
    takes = [_taken(settings, name) for name in names]
    if unknown := sorted(given.keys() - takes[0] - takes[1]):
        valid = ", ".join(sorted(takes[0] | takes[1]))
        raise ArgumentError(f"neither spider has an argument {unknown[0]!r}; valid: {valid}")
    if narrower := sorted((given.keys() & takes[0]) - takes[1] - SOURCES):
        what = f"{narrower[0]}={given[narrower[0]]}"
        raise ArgumentError(f"{what} is nothing that {names[1]} can be told: it would collect something else")
    primary, fallback = ({name: given[name] for name in given if name in taken} for taken in takes)
    return (
        _checked(settings, names[0], primary, ""),
        _checked(settings, names[1], {**fallback, **for_fallback}, "; --fallback-arg gives the fallback another value"),
    )


def _taken(settings: Settings, spider: str) -> set[str]:
    """Return the names of the arguments of *spider*."""
    model = getattr(order.loaded(settings, spider), "arguments_model", None)
    return set(model.model_fields) if model else set()


def _checked(settings: Settings, spider: str, arguments: Mapping[str, str], remedy: str) -> Wanted:
    """Return what *spider* is to do. That it cannot run, for want of an extra, is no reason to do nothing."""
    try:
        order.check(settings, spider, arguments)
    except ArgumentError as error:
        raise ArgumentError(f"{spider}: {error}{remedy}") from None
    except OperationalError as error:
        return Wanted(spider, arguments, str(error))
    return Wanted(spider, arguments)
