"""What the live API says of itself: names and combinations that are of use, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferencemax_spider.parsers.bulk import BodyError
from inferencemax_spider.parsers.discovery import Availability, display_names

ENTRY = {"model": "dsr1", "isl": 1024, "osl": 1024, "date": "2026-05-01"}


def document(names: Any) -> bytes:
    parameters = [{"name": "model", "schema": {"enum": names}}]
    return json.dumps({"paths": {"/api/v1/benchmarks": {"get": {"parameters": parameters}}}}).encode()


def test_each_display_name_is_asked_for_once_and_what_is_no_name_is_not() -> None:
    assert display_names(document(["A", None, "B", "", {"a": 1}, "A", 7])) == ["A", "B"]


@pytest.mark.parametrize("names", [[], [None], "", 7, None])
def test_a_document_without_names_lists_no_models(names: Any) -> None:
    with pytest.raises(BodyError, match="lists no models"):
        display_names(document(names))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": "tomorrow"}, r"1 date: .*, not 'tomorrow'"),
        ({"date": "../../x"}, r"1 date: .*, not '../../x'"),
        ({"date": None}, "1 date: "),
        ({"model": None}, "1 model: "),
        ({"isl": 1.5}, r"1 isl: .*, not 1\.5"),
    ],
)
def test_a_combination_that_cannot_be_asked_for_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BodyError, match=said):
        Availability.read(json.dumps([ENTRY, ENTRY | change]).encode())
