"""What is to be selected on a page, as it says itself what there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from inferencemax_spider import catalog, planning
from inferencemax_spider.arguments import DashboardArguments, InferencexArguments
from inferencemax_spider.dashboard.generations import (
    OF_2025,
    OF_2026,
    Generation,
    Selection,
    api_selections,
    plain,
    static_selections,
)
from inferencemax_spider.dashboard.recorder import Answer
from inferencemax_spider.dashboard.visit import Visit
from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.discovery import Availability
from inferencemax_spider.versions.shape import display_name

AVAILABILITY = "/api/v1/availability"


@dataclass
class Plan:
    """What a page is to bring.

    Attributes:
        endpoints: all of it, in the order of the plan.
        selections: what to select for that, in the order in which it is quickest.
        answers: what of it the page has brought already.
        remarks: what is wrong with it, one line each.
        promised: newest day that the site says it has of each model key.
        offered: display names of the models of the page of 2026.
    """

    endpoints: list[Endpoint]
    selections: list[Selection]
    answers: list[tuple[Endpoint, Answer]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    promised: dict[str, str] = field(default_factory=dict)
    offered: tuple[str, ...] = ()


async def made(
    visit: Visit, generation: Generation, asked: DashboardArguments, models: Sequence[catalog.Model]
) -> Plan:
    """Return the plan for the page of *visit*: what was *asked* for, of what it offers.

    *models* is the catalogue, which the page of 2025 is held to.

    Raises:
        PageError: the page does not say what it offers.
    """
    if generation is OF_2025:
        return _static(await visit.offered((OF_2025.model, OF_2025.sequence)), asked, models)
    answer = await visit.answer(AVAILABILITY)
    (names,) = await visit.offered((OF_2026.model,))
    return _live(names, answer, asked)


def _static(offered: list[list[str]], asked: DashboardArguments, models: Sequence[catalog.Model]) -> Plan:
    chosen = [model for model in models if not asked.models or is_meant(model.spellings, asked.models)]
    lengths = [entry for entry in catalog.SEQUENCES if not asked.sequences or entry.label in asked.sequences]
    endpoints = planning.static_plan(asked.base_url, chosen, lengths, catalog.DATA_TYPES)
    planned = list(islice(endpoints, asked.sample))
    valid = ", ".join(model.name for model in models)
    unknown = [text for text in asked.models if not any(is_meant(model.spellings, [text]) for model in models)]
    remarks = [f"no model is called {text!r}; valid: {valid}" for text in unknown]
    if not asked.models:
        remarks += _unknown("model", offered[0], models)
    if not asked.sequences:
        remarks += _unknown("sequence", offered[1], catalog.SEQUENCES)
    if catalog.AGENTIC.label in asked.sequences:
        remarks.append(f"the page of 2025 has no sequence {catalog.AGENTIC.name!r}")
    return Plan(planned, static_selections(planned, models), remarks=remarks)


def is_meant(spellings: Collection[str], texts: Iterable[str]) -> bool:
    """Tell whether one of *texts* names the model with these *spellings*, as in either generation.

    >>> is_meant(["Llama 3.3 70B Instruct"], ["llama70b"]), is_meant(["GLM-5.2"], ["GLM-5"])
    (True, False)
    """
    meant = {catalog.folded(display_name(text)) for text in texts}
    return any(catalog.folded(display_name(text)) in meant for text in spellings)


def _unknown(kind: str, offered: Iterable[str], entries: Collection[catalog.Entry]) -> list[str]:
    """Return a remark for each of the *offered* texts that none of the *entries* is called."""
    spellings = {catalog.folded(text) for entry in entries for text in entry.spellings}
    return [
        f"the page offers the {kind} {text!r}, which the catalogue does not know"
        for text in offered
        if catalog.folded(text) not in spellings
    ]


def _live(offered: Iterable[str], answer: Answer, asked: DashboardArguments) -> Plan:
    available = _available(answer)
    wanted = {"models": tuple(map(display_name, asked.models)), "sequences": asked.sequences, "sample": asked.sample}
    labels = _names(offered)
    names = list(labels)
    scope = planning.Scope(
        InferencexArguments.model_validate({name: value for name, value in wanted.items() if value}), names, available
    )
    first = Endpoint(0, answer.url, dataset="availability", stored_as="availability.json")
    endpoints = planning.plan(scope, asked.base_url, 1)
    remarks = [f"no model is called {text!r}; valid: {', '.join(names)}" for text in scope.unknown]
    if not endpoints:
        remarks.append("the page offers nothing of what was asked for")
    return Plan(
        [first, *endpoints],
        api_selections(endpoints, labels, asked.sequences),
        answers=[(first, answer)],
        remarks=remarks,
        # What a shard does not bring, another does: only the whole can be held to the promise.
        promised=scope.available.newest if asked.shard is None else {},
        offered=tuple(names),
    )


def _names(offered: Iterable[str]) -> dict[str, str]:
    """Return the display names of the models that are *offered*, each with the text by which the page offers it.

    A text that stands for no known name is taken for one: whether it is shows in what the page asks for then.
    """
    names: dict[str, str] = {}
    for text in offered:
        label = plain(text)
        known = catalog.find_text(label, catalog.API_MODELS) or catalog.find_label(label, catalog.API_MODELS)
        names[known if known and known not in names else label] = text
    return names


def _available(answer: Answer) -> Availability:
    """Return what *answer* says is available; that it is of no use is told by its own endpoint."""
    try:
        return Availability.read(answer.body)
    except BodyError:
        return Availability()
