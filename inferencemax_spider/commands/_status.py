"""What the commands that read versions share: the exit status and what is told, and values of options."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.catalog import UnknownNameError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.versions.stored import UnknownVersionError

FAILED, USAGE = 1, 2


def of(command: str, work: Callable[[], int]) -> int:
    """Return the exit status that *work* of the *command* returns; tell in one line why if it could not be done.

    That nobody reads the output any more is no failure: ``scrapy history … | head``.
    """
    try:
        status = work()
        sys.stdout.flush()
    except (ArgumentError, UnknownNameError, UnknownVersionError) as error:
        return told(command, str(error), USAGE)
    except OperationalError as error:
        return told(command, str(error), FAILED)
    except BrokenPipeError:
        _stop_writing()
        return 0
    except OSError as error:
        _stop_writing()
        return told(command, f"cannot write: {error}", FAILED)
    return status


def told(command: str, message: str, status: int) -> int:
    """Write the one line that says what is wrong; return the exit *status* that goes with it."""
    sys.stderr.write(f"scrapy {command}: error: {message}\n")
    return status


def listed(text: str) -> list[str]:
    """Return the parts of a comma-separated option."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError("is empty; leave it out to take everything")
    return parts


def percentage(text: str) -> float:
    """Return the share that an option gives in percent."""
    with suppress(ValueError):
        if 0 <= (share := float(text) / 100) < math.inf:
            return share
    raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 up")


def _stop_writing() -> None:
    """Let go of what is left to print: it would fail again when Python closes the stream, and change the status."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
