"""What the script of a page is given: what fits, and nothing that HTML could take for its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.report import payload, points
from tests.report.tables import row, stored

FACTS = 1_000
"""Bytes that the facts and the lists of names take at most here."""


def decoded(budget: int, path: Path) -> dict[str, Any]:
    """Return the payload of the records at *path*, which must fit into *budget* bytes."""
    text = payload.within(budget, path, points.read(path), {"title": "t"})
    assert len(text) <= budget
    found: dict[str, Any] = json.loads(text)
    assert {len(column) for column in found["columns"].values()} == {found["points"]}
    return found


def history(folder: Path, configurations: int, days: int) -> Path:
    """Write a history: of each configuration every tenth is on the front, and its throughput says which day it is."""
    rows = [
        row(conc=1 + conc, date=f"2026-05-{1 + day:02}", y=conc % 10 * -100.0 + 1000 + day, inter_x=50.0 + conc)
        for day in range(days)
        for conc in range(configurations)
    ]
    return stored(folder, *rows)


def test_everything_where_it_fits(tmp_path: Path) -> None:
    found = decoded(100_000, history(tmp_path, 30, 3))
    assert (found["points"], found["records"], found["charted"]) == (90, 90, 90)
    assert "reduced" not in found
    assert found["texts"]["date"] == ["2026-05-01", "2026-05-02", "2026-05-03"]
    assert found["columns"]["conc"][:3] == [1, 2, 3]


def test_then_the_newest_of_each_configuration(tmp_path: Path) -> None:
    found = decoded(40 * 80 + FACTS, history(tmp_path, 40, 4))
    assert found["reduced"] == payload.NEWEST
    assert (found["points"], found["charted"]) == (40, 160)
    assert found["texts"]["date"] == ["2026-05-04"]


def test_then_fronts_before_the_others(tmp_path: Path) -> None:
    path = history(tmp_path, 400, 2)
    front = sum(value > 0 for value in decoded(1_000_000, path)["columns"]["front"])
    found = decoded(100 * 80 + FACTS, path)
    assert found["reduced"] == payload.FRONTS_FIRST
    assert 60 < found["points"] < 400
    assert sum(value > 0 for value in found["columns"]["front"]) >= min(front, found["points"]) // 2


def test_no_room_at_all_is_told(tmp_path: Path) -> None:
    path = stored(tmp_path, row(image="x" * 5_000))
    with pytest.raises(OperationalError, match="no room"):
        payload.within(2_000, path, points.read(path), {})


def test_nothing_in_it_means_anything_to_html(tmp_path: Path) -> None:
    text = "</script><!-- & \u2028\u2029"
    path = stored(tmp_path, row(model_name=text, image=text))
    written = payload.within(10_000, path, points.read(path), {"title": text}).decode()
    assert not set("<>&\u2028\u2029") & set(written)
    found = json.loads(written)
    assert found["title"] == found["texts"]["model"][0] == found["texts"]["image"][0] == text


def test_missing_is_missing(tmp_path: Path) -> None:
    path = stored(tmp_path, row(costh_y=None, inter_x=float("inf"), image=None, date=None, y=1234.5678))
    columns = decoded(10_000, path)["columns"]
    assert (columns["costh_y"], columns["inter_x"], columns["image"], columns["date"]) == ([None], [None], [-1], [-1])
    assert columns["y"] == [1234.6]
