"""Validate a whole body at once: compiled code for the good rows, exact texts for the bad ones.

The body is validated in pieces of a few megabytes, so that memory does not grow with the size of a response. A piece
without faults is never touched by Python; in one with faults, only the rejected records are cut out as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from inferencemax_spider.items import Fault, Rejection
from inferencemax_spider.parsers import spans

Row = TypeVar("Row")

DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
"""A day as the live API writes it."""
JSON_SPACE = b" \t\r\n"
PIECE_BYTES = 4_000_000
BOUNDARY_TRIES = 64
_BETWEEN_OBJECTS = re.compile(rb"\}\s*,\s*(?=\{)")


class BodyError(ValueError):
    """A body that cannot be read as records at all; the message says why."""


def validated(body: bytes, adapter: TypeAdapter[list[Row]]) -> Iterator[tuple[list[Row], list[Rejection]]]:
    """Yield the rows of *body*, piece by piece, with the records that were refused.

    Raises:
        BodyError: the body is not JSON, or JSON of another shape. What was yielded before is then void.
    """
    array = _array_of(body)
    start, seen, end = 1, 0, 0
    while end < len(array):
        rows, rejections, end, count = _piece(array, start, seen, adapter)
        yield rows, rejections
        start, seen = end, seen + count


def _array_of(body: bytes) -> bytes:
    """Return the array in *body*: the body itself, or the ``data`` of its envelope."""
    text = body.strip(JSON_SPACE)
    if text.startswith(b"["):
        return text
    if not text.startswith(b"{"):
        raise BodyError(describe(body))
    try:
        document = from_json(text)
    except ValueError as error:
        raise BodyError(describe(body)) from error
    if "data" not in document:
        raise BodyError(describe(body))
    data = spans.members(text.decode())["data"]
    if not data.startswith("["):
        raise BodyError("JSON of another shape: an object whose 'data' is no array")
    return data.encode()


def as_json(extra: dict[str, Any] | None) -> str | None:
    """Return what nobody declared as JSON; NaN, which JSON does not have, as a string."""
    return to_json(extra, inf_nan_mode="strings").decode() if extra else None


def describe(body: bytes) -> str:
    """Say in a few words what *body* is, where an array of records was expected."""
    text = body.strip(JSON_SPACE)
    if not text:
        return "empty body where JSON was expected"
    if text.startswith(b"<"):
        return "HTML where JSON was expected"
    try:
        value = TypeAdapter(Any).validate_json(text)
    except ValidationError as error:
        return _not_json(error)
    if isinstance(value, dict):
        keys = ", ".join(repr(key) for key in list(value)[:5]) or "none"
        return f"JSON of another shape: an object with the keys {keys}"
    return f"JSON of another shape: {type(value).__name__} where an array of records was expected"


def _not_json(error: ValidationError) -> str:
    detail = str(error.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
    if detail.startswith("EOF"):
        return f"truncated JSON: {detail}"
    return f"not valid JSON: {detail}"


def _is_broken(error: ValidationError) -> bool:
    return (
        error.error_count() == 1 and error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid"
    )


def _piece(
    array: bytes, start: int, seen: int, adapter: TypeAdapter[list[Row]]
) -> tuple[list[Row], list[Rejection], int, int]:
    """Validate one piece of *array* from *start*; return its rows, its rejections, its end and how many it held."""
    broken: ValidationError | None = None
    rejections: list[Rejection] = []
    for piece, end in _candidates(array, start):
        try:
            rows = adapter.validate_json(piece)
        except ValidationError as error:
            if _is_broken(error):
                broken = error
                continue
            rows, rejections = _sifted(piece, seen, error, adapter)
        return rows, rejections, end, len(rows) + len(rejections)
    assert broken is not None
    raise BodyError(_not_json(broken))


def _candidates(array: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of *array* from *start* that may be complete, each with where the next one starts.

    What lies between two objects may also lie inside a record (a list of objects) or inside a string: then the piece
    is no JSON and the next place is tried. A piece that is JSON was cut at the right place, since JSON is read from
    left to right without looking ahead. The last resort is all the rest.
    """
    places = _BETWEEN_OBJECTS.finditer(array, start + PIECE_BYTES)
    for place in islice(places, BOUNDARY_TRIES):
        yield b"[" + array[start : place.start() + 1] + b"]", place.end()
    yield b"[" + array[start:], len(array)


def _sifted(
    piece: bytes, seen: int, error: ValidationError, adapter: TypeAdapter[list[Row]]
) -> tuple[list[Row], list[Rejection]]:
    """Split *piece* into the rows that are good and the records that *error* names."""
    faults = _faults(error)
    texts = spans.elements(piece.decode())
    good = ",".join(text for index, text in enumerate(texts) if index not in faults)
    rejections = [Rejection(seen + index, tuple(faults[index]), texts[index]) for index in sorted(faults)]
    return adapter.validate_json(f"[{good}]"), rejections


def _faults(error: ValidationError) -> dict[int, list[Fault]]:
    """Return the faults in *error* by the index of their record."""
    found: dict[int, list[Fault]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        index, *path = detail["loc"]
        field = detail.get("ctx", {}).get("field") or ".".join(map(str, path)) or "record"
        found.setdefault(int(index), []).append(Fault(field, detail["msg"], missing=detail["type"] == "missing"))
    return found
