"""``docs/quality.md`` says what the code does."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from inferencemax_spider.quality.expectations import Book, ModelLimits, RunLimits, Severities
from inferencemax_spider.quality.suite import MONITORS

PAGE = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_monitor_stands_with_its_severity_what_it_compares_and_its_keys() -> None:
    documented = [row for row in ROWS if len(row) == 4]
    expected = []
    for monitor in MONITORS:
        name, doc = monitor.options.name, monitor.__doc__ or ""
        keys = ", ".join(f"`{key}`" for key in monitor.keys) or "–"
        expected.append([f"`{name}`", getattr(Severities(), name), doc.splitlines()[0], keys])
    assert documented == expected


def written(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "{}"
    return json.dumps(value)


def test_every_key_stands_with_its_default_and_meaning() -> None:
    documented = [row for row in ROWS if len(row) == 3]
    fields = ModelLimits.model_fields | {
        n: f for n, f in RunLimits.model_fields.items() if n not in ModelLimits.model_fields
    }
    assert documented == [
        [f"`{name}`", f"`{written(info.default)}`", info.description] for name, info in fields.items()
    ]


def test_monitors_name_keys_that_there_are() -> None:
    assert {key for monitor in MONITORS for key in monitor.keys} == RunLimits.model_fields.keys() - {"severity"}


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL), ids=lambda _: "example")
def test_the_example_is_valid_and_says_what_it_says(text: str) -> None:
    book = Book.model_validate(tomllib.loads(text))
    assert book.of("inferencex").of("DeepSeek-R1-0528").excused_hwkeys == ["mi300x_sglang"]
    assert book.of("inferencemax").of("gpt-oss 120B").record_drop_max == 0.3
