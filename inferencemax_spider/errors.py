"""Failures that are foreseeable: they are told in one line, without a traceback."""

from __future__ import annotations


class OperationalError(Exception):
    """The run cannot go on for a cause outside of it; the message names the cause and the remedy."""
