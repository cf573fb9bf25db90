"""Which rows of an answer its request asked for.

A site that passes over a parameter sends rows of another model, sequence or day; under the name of what was asked for
they would be wrong data. Of another model or sequence, they are left out: what was asked for is there besides, or is
not. Of another day, the answer is refused: nobody knows which rows of the right day it would have had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.catalog import API_MODELS
from inferencemax_spider.items import Endpoint
from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.derived import mapped, sequence_label

OWNERS = {key: name for name, keys in API_MODELS.items() for key in keys}
"""The display name of each model key, as far as they are known."""

Rule = tuple[str, Callable[[pa.Table], pa.Array], Callable[[str], bool]]
"""What is looked at, how it is called in each row, and whether a row that is called so was asked for."""


def sifted(table: pa.Table, endpoint: Endpoint, listed: Collection[str]) -> tuple[pa.Table, Counter[str]]:
    """Return the rows of *table* that *endpoint* asked for, and how many others there are, by what they are of.

    *table* has the columns of the API under their own names. A row is of another model when its key belongs to another
    one of the display names that the site has *listed*.

    Raises:
        BodyError: there are rows of another day.
    """
    query = dict(parse_qsl(urlsplit(endpoint.url).query))
    _check_days(table["date"], query)
    unasked: Counter[str] = Counter()
    for what, labels_of, is_wanted in _rules(endpoint, listed):
        labels = labels_of(table)
        counts = {entry["values"]: entry["counts"] for entry in labels.value_counts().to_pylist()}
        if others := {label: count for label, count in counts.items() if not is_wanted(label)}:
            unasked.update({f"{what} {label}": count for label, count in others.items()})
            table = table.filter(pc.invert(pc.is_in(labels, pa.array(others))))
    return table, unasked


def _check_days(dates: pa.ChunkedArray, query: Mapping[str, str]) -> None:
    if (day := query.get("date")) is None:
        return
    exact = "exact" in query
    others = dates.filter((pc.not_equal if exact else pc.greater)(dates, day))
    if len(others):
        wanted = day if exact else f"{day} or earlier"
        raise BodyError(f"{len(others)} rows of {pc.max(others)}, where {wanted} was asked for")


def _rules(endpoint: Endpoint, listed: Collection[str]) -> Iterator[Rule]:
    """Yield what *endpoint* says of the rows that it asks for."""
    strangers = {key for key, name in OWNERS.items() if name != endpoint.model and name in listed}
    yield "model key", lambda table: table["model"], lambda key: key not in strangers
    if endpoint.dataset == "history":
        yield "sequence", _sequences, lambda label: label == endpoint.sequence


def _sequences(table: pa.Table) -> pa.Array:
    columns = (table[name].combine_chunks() for name in ("isl", "osl"))
    return mapped(sequence_label, *columns)
