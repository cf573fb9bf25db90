"""The tables of the documentation, made from the code: ``make docs`` writes them, a test compares them.

A table stands in a page between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from inferencemax_spider import settings
from inferencemax_spider.arguments import (
    DashboardArguments,
    InferencemaxArguments,
    InferencexArguments,
    SiteArguments,
    names,
)
from inferencemax_spider.catalog import Entry
from inferencemax_spider.knobs import Knobs
from inferencemax_spider.parsers import api_v1, static_json
from inferencemax_spider.records import METRICS, BenchmarkRecord, field

HEADS = {"Fault", "Command", "Exit status"}
ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PLACE = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _arguments(model: type[SiteArguments]) -> str:
    rows = (
        (f"`{name}`", str(model.model_fields[name].description), _default(model.model_fields[name].default))
        for name in names(model)
    )
    return _table(("argument", "meaning", "default"), rows)


def settings_table() -> str:
    """Return the settings that a user turns."""
    rows = (
        (f"`{name}`", f"`{getattr(settings, name)}`", str(info.description), _extra(info)["when"])
        for name, info in Knobs.model_fields.items()
    )
    return _table(("setting", "default", "effect", "when to change it"), rows)


def _columns(names: Iterable[str]) -> str:
    return _table(("column", "type", "unit", "meaning"), (_column(name) for name in names))


def _column(name: str) -> tuple[str, ...]:
    if name in METRICS:
        meaning, unit = METRICS[name]
    else:
        info = BenchmarkRecord.model_fields[name]
        meaning, unit = str(info.description), _extra(info)["unit"]
    return f"`{name}`", str(field(name).type), unit, meaning


def faults_table() -> str:
    """Return the faults of ``docs/faults.md``: what happens, and the exit status (that of wrong usage is always 2).

    Those of the live API, which are mostly the same, and of the dashboard's pages are left to that page.
    """
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    lines = re.sub(r"(?ms)^## Faults of the (live API|dashboard's pages)$.*?(?=^## )", "", text).splitlines()
    rows: list[tuple[str, ...]] = []
    for cells in ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")):
        if cells[0] in HEADS:
            place = cells.index("Exit") if "Exit" in cells else None
        else:
            rows.append((cells[0], "2" if place is None else cells[place]))
    return _table(("fault", "exit status"), (row for row in rows if not row[0].isdecimal()))


TABLES: dict[str, Callable[[], str]] = {
    "arguments-inferencemax": lambda: _arguments(InferencemaxArguments),
    "arguments-inferencex": lambda: _arguments(InferencexArguments),
    "arguments-dashboard": lambda: _arguments(DashboardArguments),
    "settings": settings_table,
    "faults": faults_table,
    "columns-static": lambda: _columns(static_json.LAYOUT.columns),
    "columns-api": lambda: _columns(api_v1.LATEST.columns),
}


def rewritten(page: str) -> str:
    """Return *page* with its tables made anew."""
    return PLACE.sub(lambda place: place[1] + TABLES[place["name"]]() + place[3], page)


def _default(value: Any) -> str:
    if value in {None, ()} or value is PydanticUndefined:
        return "all" if value == () else "–"
    if isinstance(value, tuple):
        return ", ".join(f"`{entry.slug if isinstance(entry, Entry) else entry}`" for entry in value)
    return f"`{value}`"


def _extra(info: Any) -> dict[str, str]:
    return dict(info.json_schema_extra or {})


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
