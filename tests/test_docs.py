"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scrapy.settings import default_settings

from docs import tables
from inferencemax_spider import settings, summary
from inferencemax_spider.commands import _status
from inferencemax_spider.items import STATES
from tests.factories import body, capture, crawler, processed, row, stats_of

README = (tables.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: str(page.relative_to(tables.ROOT)))
def test_tables_are_those_that_the_code_makes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == tables.rewritten(text), "run `make docs`"


def test_readme_has_every_table() -> None:
    assert {place["name"] for place in tables.PLACE.finditer(README)} == set(tables.TABLES)


def test_readme_lists_every_exit_status_and_no_other() -> None:
    documented = {int(status) for status in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert documented == {*summary.EXIT_STATUS.values(), _status.USAGE}


def test_readme_lists_every_endpoint_state() -> None:
    assert [state for state in STATES if f"| `{state}` |" not in README] == []


def test_readme_names_every_setting_of_the_project() -> None:
    own = [name for name in dir(settings) if name.isupper() and not hasattr(default_settings, name)]
    assert "REJECTED_SHARE_MAX" in own
    assert [name for name in own if f"`{name}`" not in README] == []


def test_readme_shows_every_command() -> None:
    commands = [path.stem for path in Path(_status.__file__).parent.glob("*.py") if not path.stem.startswith("_")]
    assert [name for name in commands if f"    scrapy {name} " not in README] == []


def test_readme_lists_every_family_of_stats() -> None:
    of = crawler()
    processed(capture(body(row(), row(x=0), row(note=1))), of)
    families = {key.partition("/")[0] for key in stats_of(of)}
    assert families == {"endpoints", "records", "hwkeys", "field"}
    assert [family for family in families if f"`{family}/<" not in README and f"`{family}/count`" not in README] == []


def test_architecture_names_every_module() -> None:
    page = (tables.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = tables.ROOT / "inferencemax_spider"
    modules = [path for path in package.rglob("*.py") if not path.name.startswith("_") and "demo" not in path.parts]
    missing = [path.name for path in modules if path.name not in page and f"{path.stem} " not in page]
    assert missing == []
