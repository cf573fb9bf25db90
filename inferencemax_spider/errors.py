"""Failures that are foreseeable: they are told in one line, without a traceback."""

from __future__ import annotations

import re

LONGEST_LINE = 300
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class OperationalError(Exception):
    """The run cannot go on for a cause outside of it; the message names the cause and the remedy."""


def one_line(text: str) -> str:
    """Return *text* on one line, without control characters, and not too long: much of it comes from a foreign site."""
    flat = CONTROL.sub(" ", text)
    return flat if len(flat) <= LONGEST_LINE else f"{flat[:LONGEST_LINE]}…"
