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
from inferencemax_spider.arguments import InferencemaxArguments
from inferencemax_spider.catalog import Entry
from inferencemax_spider.knobs import Knobs
from inferencemax_spider.records import BenchmarkRecord, field

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PLACE = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def arguments_table() -> str:
    """Return the spider arguments, with their defaults."""
    rows = (
        (f"`{name}`", str(info.description), _default(info.default))
        for name, info in InferencemaxArguments.model_fields.items()
    )
    return _table(("argument", "meaning", "default"), rows)


def settings_table() -> str:
    """Return the settings that a user turns."""
    rows = (
        (f"`{name}`", f"`{getattr(settings, name)}`", str(info.description), _extra(info)["when"])
        for name, info in Knobs.model_fields.items()
    )
    return _table(("setting", "default", "effect", "when to change it"), rows)


def columns_table() -> str:
    """Return the columns of a record."""
    rows = (
        (f"`{name}`", str(field(name).type), _extra(info).get("unit", ""), str(info.description))
        for name, info in BenchmarkRecord.model_fields.items()
    )
    return _table(("column", "type", "unit", "meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "arguments": arguments_table,
    "settings": settings_table,
    "columns": columns_table,
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
