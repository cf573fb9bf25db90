"""Which requests are needed: from what was asked for and, of the live API, what the site says it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, product
from urllib.parse import urlencode

from inferencemax_spider.arguments import InferencexArguments
from inferencemax_spider.catalog import API_EXPECTED, API_MODELS, DataType, Model, find_text
from inferencemax_spider.catalog import Sequence as Lengths
from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.derived import AGENTIC as AGENTIC_TYPE
from inferencemax_spider.parsers.derived import sequence_label
from inferencemax_spider.parsers.discovery import Availability, Entry, lengths

BENCHMARKS = "/api/v1/benchmarks"
HISTORY = "/api/v1/benchmarks/history"
WORKFLOW_INFO = "/api/v1/workflow-info"
STATIC_FOLDER = "/data/inference-performance/"


def static_plan(
    base_url: str, models: Iterable[Model], sequences: Iterable[Lengths], data_types: Iterable[DataType]
) -> Iterator[Endpoint]:
    """Yield the static endpoints: one per model, sequence and data type, in this order."""
    for index, (model, sequence, data_type) in enumerate(product(models, sequences, data_types)):
        yield Endpoint(
            index=index,
            url=f"{base_url}{STATIC_FOLDER}{model.slug}-{sequence.slug}-{data_type}.json",
            model=model.name,
            sequence=sequence.label,
            data_type=data_type,
            expected_hwkeys=model.expected_hwkeys,
        )


class Scope:
    """What was asked for, of what there is.

    Attributes:
        names: display names to request, in the order in which the site lists them.
        unknown: what was asked for and is neither a display name nor a database key.
        available: the combinations that were asked for.
    """

    def __init__(self, asked: InferencexArguments, names: Iterable[str], available: Availability) -> None:
        self.asked = asked
        listed = tuple(names)
        chosen = {text: find_text(text, listed) for text in asked.models}
        self.unknown = [text for text, name in chosen.items() if name is None]
        self.names = [name for name in listed if not asked.models or name in chosen.values()]
        scoped = available.where(self._wanted)
        restricted = bool(asked.models or asked.sample)
        self.available = (
            scoped.of(key for name in self.names for key in API_MODELS.get(name, ())) if restricted else scoped
        )

    def _wanted(self, entry: Entry) -> bool:
        asked, day = self.asked, entry["date"]
        if asked.sequences and sequence_label(*lengths(entry)) not in asked.sequences:
            return False
        if asked.mode == "as_of":
            return day <= str(asked.date)
        if asked.mode == "exact" and asked.date:
            return day == asked.date
        return (asked.since or "") <= day <= (asked.until or "9999")

    def of(self, name: str) -> Availability:
        """Return what is available of the model called *name*; of one whose keys are not known, whatever there is."""
        keys = API_MODELS.get(name)
        return self.available.of(keys) if keys else self.available


def plan(scope: Scope, base_url: str, first: int) -> list[Endpoint]:
    """Return the endpoints to request, numbered from *first*. Only days that the site has are ever asked for."""
    benchmarks = list(_benchmarks(scope, base_url)) if "benchmarks" in scope.asked.datasets else []
    endpoints = [*benchmarks[: scope.asked.sample], *_datasets(scope, base_url)]
    return [expecting(scope.asked, replace(endpoint, index=index)) for index, endpoint in enumerate(endpoints, first)]


def _datasets(scope: Scope, base_url: str) -> Iterator[Endpoint]:
    """Yield the endpoints of the further datasets; of workflow information one a day, by default the newest."""
    for dataset in scope.asked.datasets:
        if dataset == "workflow_info":
            days = scope.available.days
            for day in days[-1:] if scope.asked.mode in {"latest", "as_of"} else days:
                yield _dataset(f"{base_url}{WORKFLOW_INFO}?date={day}", dataset, day)
        elif dataset != "benchmarks":
            yield _dataset(f"{base_url}/api/v1/{dataset}", dataset, "")


def _dataset(url: str, dataset: str, day: str) -> Endpoint:
    return Endpoint(0, url, sequence=day, dataset=dataset, stored_as="-".join(filter(None, (dataset, day))) + ".json")


def _benchmarks(scope: Scope, base_url: str) -> Iterator[Endpoint]:
    """Yield the endpoints of the benchmarks."""
    for name, part, path, query in chain.from_iterable(_requests(scope, name) for name in scope.names):
        dataset = "history" if path == HISTORY else "benchmarks"
        yield Endpoint(
            index=0,
            url=f"{base_url}{path}?{urlencode({'model': name, **query})}",
            model=name,
            sequence=part if dataset == "history" else "",
            dataset=dataset,
            stored_as="-".join(filter(None, (dataset, name, part))) + ".json",
            # Which sequences and days it has, of a model whose keys are not known, can only be tried.
            accepted=() if name in API_MODELS or scope.asked.mode == "latest" else ("empty",),
        )


def expecting(asked: InferencexArguments, endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* with the hwKeys that must be in its answer: in that with all newest rows of a model."""
    whole = endpoint.dataset == "benchmarks" and "date=" not in endpoint.url and not asked.sequences
    return replace(endpoint, expected_hwkeys=API_EXPECTED.get(endpoint.model, ()) if whole else ())


def _requests(scope: Scope, name: str) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield the requests for the model called *name*: its name, what part of it, the path and the query."""
    available, mode = scope.of(name), scope.asked.mode
    days = available.days
    if mode == "latest" and (days or not scope.asked.sequences):
        yield name, "", BENCHMARKS, {}
    elif mode == "as_of" and days:
        yield name, days[-1], BENCHMARKS, {"date": days[-1]}
    elif mode == "exact":
        yield from ((name, day, BENCHMARKS, {"date": day, "exact": "true"}) for day in days)
    elif mode == "history":
        yield from ((name, sequence_label(*pair), HISTORY, _pair(*pair)) for pair in available.lengths)


def _pair(isl: int | None, osl: int | None) -> dict[str, str]:
    if isl is None or osl is None:
        return {"benchmarkType": AGENTIC_TYPE}
    return {"isl": str(isl), "osl": str(osl)}
