"""Whoever waits for an object store that does not answer is told so, and does not wait once more for himself."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.serve import asked
from inferencemax_spider.serve.asked import Asked
from inferencemax_spider.serve.problems import ProblemError


class Store:
    """A store that fails to answer; it takes until ``released``."""

    def __init__(self) -> None:
        self.questions = 0
        self.fails = True
        self.released = threading.Event()

    def ask(self) -> None:
        self.questions += 1
        assert self.released.wait(60)
        if self.fails:
            raise OperationalError("timed out; try again")


def test_a_failure_is_told_to_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "FRESH_SECONDS", math.inf)
    store = Store()
    known = Asked(store.ask)
    with ThreadPoolExecutor(8) as pool:
        told = [pool.submit(known.refresh) for _ in range(8)]
        store.released.set()
    assert [_status(one.exception()) for one in told] == [503] * 8
    with pytest.raises(ProblemError, match="the object store does not answer: timed out; try again"):
        known.refresh()
    assert store.questions == 1


def test_a_store_that_answers_again_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "FRESH_SECONDS", 0.0)
    store = Store()
    store.released.set()
    known = Asked(store.ask)
    with pytest.raises(ProblemError):
        known.refresh()
    store.fails = False
    known.refresh()
    assert store.questions == 2


def _status(error: BaseException | None) -> int:
    assert isinstance(error, ProblemError)
    return error.status
