"""The two generations of the page: how each is recognised, what its controls are called, what a selection brings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlencode, urlsplit

from inferencemax_spider import catalog
from inferencemax_spider.catalog import AGENTIC, SEQUENCES
from inferencemax_spider.dashboard.controls import Control, Strategy
from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.planning import BENCHMARKS, STATIC_FOLDER
from inferencemax_spider.records import Layout

BADGE = re.compile(r"\s*(NEW|BETA|UPDATED)\Z")


@dataclass(frozen=True)
class Selection:
    """What is chosen on the page, and the ``endpoints`` that this brings.

    ``model`` and ``sequence`` are spellings, the first of which is the one to be told; without any nothing is chosen.
    """

    endpoints: tuple[Endpoint, ...]
    model: tuple[str, ...]
    sequence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.model[0], *self.sequence[:1])))

    def of(self, endpoints: Collection[Endpoint]) -> Selection:
        """Return this selection reduced to *endpoints*."""
        return replace(self, endpoints=tuple(endpoint for endpoint in self.endpoints if endpoint in endpoints))


@dataclass(frozen=True)
class Generation:
    """A generation of the page.

    ``key`` tells which benchmarks a URL asks for: the same for a planned endpoint and for the page's own request of it,
    ``None`` for whatever else. ``addressable`` pages take a selection from their address.
    """

    year: str
    layout: Layout
    model: Control
    sequence: Control
    key: Callable[[str], str | None]
    addressable: bool = False


def _static_key(url: str) -> str | None:
    path = PurePosixPath(urlsplit(url).path)
    return path.stem if str(path).startswith(STATIC_FOLDER) and path.suffix == ".json" else None


def _api_key(url: str) -> str | None:
    """Return the model that *url* asks for the newest rows of; a day's rows are something else."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if parts.path != BENCHMARKS or len(query.get("model", ())) != 1 or {"date", "exact"} & query.keys():
        return None
    return query["model"][0]


OF_2025 = Generation(
    year="2025",
    layout=static_json.LAYOUT,
    # Its ids mean nothing and change, and there are no test ids.
    model=Control("Model", (Strategy("role", "Model"), Strategy("label", "Model"))),
    sequence=Control("ISL / OSL", (Strategy("role", "ISL / OSL"), Strategy("label", "ISL / OSL"))),
    key=_static_key,
)
OF_2026 = Generation(
    year="2026",
    layout=api_v1.LATEST,
    model=Control(
        "Model",
        (
            Strategy("role", "Model"),
            Strategy("label", "Model"),
            Strategy("test id", "model-selector"),
            Strategy("id", "model-select"),
        ),
    ),
    sequence=Control(
        "ISL / OSL",
        (
            Strategy("role", "ISL / OSL"),
            Strategy("label", "ISL / OSL"),
            Strategy("test id", "sequence-selector"),
            Strategy("test id", "scenario-selector"),
            Strategy("id", "sequence-select"),
        ),
    ),
    key=_api_key,
    addressable=True,
)
GENERATIONS = (OF_2026, OF_2025)


def recognised(asked: Iterable[str]) -> Generation | None:
    """Return the generation of a page that *asked* for these URLs; ``None`` while it has asked for no benchmarks."""
    urls = list(asked)
    return next((entry for entry in GENERATIONS if any(map(entry.key, urls))), None)


def static_selections(endpoints: Sequence[Endpoint], models: Collection[catalog.Model]) -> list[Selection]:
    """Return one selection per model and sequence of the static *endpoints*, so that each changes as little as can be.

    The sequences of every second model come in reverse: of two neighbours, one of both is the same.
    """
    selections: list[Selection] = []
    for turn, (name, of_model) in enumerate(groupby(endpoints, key=lambda endpoint: endpoint.model)):
        model = next(entry for entry in models if entry.name == name)
        mine = [
            Selection(tuple(group), model.spellings, _spelt(label))
            for label, group in groupby(of_model, key=lambda endpoint: endpoint.sequence)
        ]
        selections += reversed(mine) if turn % 2 else mine
    return selections


def api_selections(
    endpoints: Iterable[Endpoint], labels: Mapping[str, str], sequences: Sequence[str]
) -> list[Selection]:
    """Return one selection per model of the live API's *endpoints*; of one sequence, where one was asked for.

    *labels* are the texts that the page has for the display names.
    """
    chosen = _spelt(sequences[0]) if len(sequences) == 1 else ()
    return [
        Selection((it,), tuple(dict.fromkeys((it.model, labels[it.model], plain(labels[it.model])))), chosen)
        for it in endpoints
    ]


def plain(label: str) -> str:
    """Return the *label* of an option without the badge that may follow it, which the control does not show.

    >>> plain("Qwen3.5 397BNEW"), plain("GLM-5")
    ('Qwen3.5 397B', 'GLM-5')
    """
    return BADGE.sub("", label).strip()


def address(page: str, selection: Selection) -> str:
    """Return the URL at which *page* shows *selection*.

    >>> address("http://127.0.0.1/inference", Selection((), ("GLM-5",), ("1K / 8K",)))
    'http://127.0.0.1/inference?g_model=GLM-5&i_seq=1k%2F8k'
    """
    query = {"g_model": selection.model[0]}
    if selection.sequence:
        query["i_seq"] = selection.sequence[0].lower().replace(" / ", "/").replace(" ", "-")
    return f"{page}?{urlencode(query)}"


def _spelt(label: str) -> tuple[str, ...]:
    return next(entry.spellings for entry in (*SEQUENCES, AGENTIC) if entry.label == label)
