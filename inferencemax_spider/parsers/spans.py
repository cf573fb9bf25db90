"""Where the parts of a JSON text begin and end, so that a part can be kept exactly as it was received."""

from __future__ import annotations

import re
from json import JSONDecoder

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder()


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _next(text: str, end: int) -> int:
    """Return where the next member starts, or the closing bracket stands, after the one that ends at *end*."""
    position = _skip(text, end)
    return _skip(text, position + 1) if text[position] == "," else position


def elements(text: str) -> list[str]:
    """Return the texts of the elements of the JSON array *text*, which must be valid JSON (NaN allowed)."""
    found: list[str] = []
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "]":
        _, end = _DECODER.raw_decode(text, position)
        found.append(text[position:end])
        position = _next(text, end)
    return found


def members(text: str) -> dict[str, str]:
    """Return the texts of the values of the JSON object *text*, by key; it must be valid JSON (NaN allowed)."""
    found: dict[str, str] = {}
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        key, end = _DECODER.raw_decode(text, position)
        start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, start)
        found[key] = text[start:end]
        position = _next(text, end)
    return found
