"""What an object store answered when the service asked it, and for how long that is taken for what it has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.serve.problems import ProblemError
from inferencemax_spider.versions import overview

if TYPE_CHECKING:
    from inferencemax_spider.storage.parts import Listing

T = TypeVar("T")
FRESH_SECONDS = 5.0
"""How long what an object store answered, or that it did not, is taken for what it would answer now."""


@contextmanager
def asking() -> Iterator[None]:
    """Tell what it means that an object store cannot be asked."""
    try:
        yield
    except OperationalError as error:
        raise ProblemError(503, f"the object store does not answer: {error}") from error


class Asked:
    """What the object store answered that *refresh* asks: once for all who want to know, also where it did not.

    Whoever waited for an answer that did not come does not ask again: that takes as long as all time-outs together.
    Of a folder, which has no *refresh*, nothing is remembered.
    """

    def __init__(self, refresh: Callable[[], object] | None) -> None:
        self._refresh = refresh
        self._lock = threading.Lock()
        self._fresh_until = 0.0
        self._answer: object = None
        self._listings: dict[str, Listing | ProblemError | None] = {}

    def refresh(self) -> None:
        """Ask the object store what it has, if that was not done just now.

        Raises:
            ProblemError: it does not answer, or did not just now.
        """
        if self._refresh is None:
            return
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._answer = _answer(self._refresh)
                self._listings.clear()
                # Counted from the answer: one that was long in coming would be old at once.
                self._fresh_until = time.monotonic() + FRESH_SECONDS
            _told(self._answer)

    def listing(self, root: Path) -> Listing | None:
        """Return what the object store lists under *root*, if that is the mirror of one.

        Raises:
            ProblemError: it does not answer, or did not just now.
        """
        if self._refresh is None:
            with asking():
                return overview.listing_of(root)
        with self._lock:
            if root.name not in self._listings:
                self._listings[root.name] = _answer(lambda: overview.listing_of(root))
            return _told(self._listings[root.name])


def _answer(ask: Callable[[], T]) -> T | ProblemError:
    """Return what *ask* is answered, or the problem that there is no answer."""
    try:
        with asking():
            return ask()
    except ProblemError as problem:
        return problem


def _told(answer: T | ProblemError) -> T:
    """Return the *answer*, or raise the problem that there is none."""
    if isinstance(answer, ProblemError):
        raise ProblemError(answer.status, answer.detail) from answer
    return answer
