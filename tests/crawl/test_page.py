"""docs/faults.md and the tests of the faults of a run name the same faults."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import tests.crawl
from inferencemax_spider.summary import EXIT_STATUS
from tests.crawl.page import PAGE, tables


def marks(function: Any) -> Iterator[Any]:
    """Yield the marks of a test and of its parameters."""
    for mark in getattr(function, "pytestmark", []):
        yield mark
        if mark.name == "parametrize":
            for values in mark.args[1]:
                yield from getattr(values, "marks", [])


def shown() -> set[str]:
    """Return the names of all faults that a test shows."""
    modules = [import_module(f"tests.crawl.{module.name}") for module in pkgutil.iter_modules(tests.crawl.__path__)]
    functions = [value for module in modules for name, value in vars(module).items() if name.startswith("test_")]
    return {mark.args[0] for function in functions for mark in marks(function) if mark.name == "fault"}


def test_each_fault_of_the_run_has_its_test_and_each_test_its_row() -> None:
    assert shown() == {row["Fault"] for row in tables("Faults of the run")}


def test_exit_statuses_in_the_tables_are_those_of_the_command() -> None:
    sections = ("Faults of the site", "Faults of the live API", "Faults of the run")
    rows = [row for section in sections for row in tables(section)]
    used = {int(row["Exit"]) for row in rows if row["Exit"] != "–"}
    assert used <= {*EXIT_STATUS.values(), 2}


def test_the_page_lists_every_exit_status() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [status for status in (*EXIT_STATUS.values(), 2) if f"\n| {status} | " not in text] == []
