"""The page as it is written: whole, small, always the same, and with what the summary says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parsel import Selector

from inferencemax_spider.report import page, view
from tests.report.conftest import summary_of
from tests.report.tables import row, stored

CHANGES: dict[str, Any] = {
    "since": "20261122T010000Z",
    "records": {"added": 0, "removed": 46, "changed": 22, "updated": 5, "unchanged": 2500},
    "groups": [
        {
            "model": "GLM-5",
            "sequence": "1k-1k",
            "hwKey": "b200_trt",
            "added": 0,
            "removed": 46,
            "changed": 22,
            "metrics": {"tpPerGpu_y": {"median": -0.3, "largest": -0.344}, "e2e_x": {"median": None, "largest": 1.5}},
        }
    ],
    "groups_omitted": 3,
}


def written(folder: Path, **summary: Any) -> Selector:
    """Return the page that is written into *folder* for a run with this *summary*."""
    return Selector(page.write(folder, summary).read_text(encoding="utf-8"))


def cells(found: Selector, section: str) -> list[list[str]]:
    """Return the texts of the rows of the table in a *section*."""
    rows = found.css(f"#{section} tbody tr")
    return [[" ".join(" ".join(cell.css("::text").getall()).split()) for cell in line.css("th, td")] for line in rows]


def said(found: Selector, selector: str) -> str:
    """Return the text of an element."""
    return " ".join(" ".join(found.css(f"{selector} ::text").getall()).split())


def test_the_same_version_gives_the_same_bytes(live: Path, tmp_path: Path) -> None:
    first = (live / page.FILE_NAME).read_bytes()
    (tmp_path / "benchmarks.parquet").write_bytes((live / "benchmarks.parquet").read_bytes())
    assert page.write(tmp_path, summary_of(live)).read_bytes() == first
    assert len(first) < page.LARGEST


def test_long_names_leave_less_room_for_points(tmp_path: Path) -> None:
    rows = [row(image=f"{number:06}" + "x" * 1_000, conc=1 + number) for number in range(3_000)]
    stored(tmp_path, *rows)
    path = page.write(tmp_path, {"records": len(rows)})
    assert page.LARGEST // 2 < path.stat().st_size <= page.LARGEST


def test_a_large_summary_is_cut(tmp_path: Path) -> None:
    stored(tmp_path, row())
    check = {"status": "fail", "expected": "", "observed": "", "findings": ["x" * 3_000] * 5_000}
    names: dict[str, Any] = {"model": "GLM-5", "sequence": "", "data_type": ""}
    endpoint = names | {"state": "failed", "reason": "y" * 10_000, "url": "z" * 5_000, "records": 0, "bytes": None}
    groups = [CHANGES["groups"][0] | {"sequence": str(number)} for number in range(5_000)]
    summary = {
        "checks": [check | {"name": f"check{number}"} for number in range(20)],
        "endpoint_details": [endpoint] * 5_000,
        "changes": CHANGES | {"groups": groups},
    }
    path = page.write(tmp_path, summary)
    assert path.stat().st_size <= page.LARGEST
    text = path.read_text(encoding="utf-8")
    for said in ("4,950 more in summary.json", "4,803 more groups are not shown", "4,700 more in summary.json"):
        assert said in text


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    stored(tmp_path, row())
    before = page.write(tmp_path, {}).read_bytes()
    (tmp_path / f".{page.FILE_NAME}.partial").mkdir()
    with pytest.raises(OSError, match="partial"):
        page.write(tmp_path, {"status": "complete"})
    assert (tmp_path / page.FILE_NAME).read_bytes() == before


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    stored(tmp_path, row())
    page.write(tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == {"benchmarks.parquet", page.FILE_NAME}


def test_a_summary_in_which_hardly_anything_is_written_down(tmp_path: Path) -> None:
    found = written(tmp_path, spider="inferencex", version="20261123T010000Z", status="failed")
    assert said(found, ".badge") == "✕ failed"
    assert "this run brought no records" in said(found, "#charts")
    assert "No checks are recorded" in said(found, "#checks")
    assert "did not record how it differs" in said(found, "#changes")


def test_records_without_their_file_are_told(tmp_path: Path) -> None:
    assert "benchmarks.parquet is not among the files" in said(written(tmp_path, records=5), "#charts")


def test_records_that_have_no_place_are_told(tmp_path: Path) -> None:
    stored(tmp_path, row(y=None))
    found = written(tmp_path, records=1)
    assert "no record has both a throughput and a place on an axis" in said(found, "#charts")
    assert cells(found, "coverage") == [["GLM-5", "1k-1k", "1"]]


def test_what_the_page_leads_with(live: Path, tmp_path: Path) -> None:
    summary = summary_of(live)
    summary["checks"][0]["status"] = "skip"
    path = page.write(shutil.copytree(live, tmp_path / "live"), summary)
    found = Selector(path.read_text(encoding="utf-8"))
    facts = {said(fact, "dt"): said(fact, "dd") for fact in found.css(".facts div")}
    table = pq.read_table(live / "benchmarks.parquet", columns=["hwKey", "model"])
    states = [check["status"] for check in summary["checks"]]
    assert facts == {
        "records": f"{summary['records']:,}",
        "models": str(len(table["model"].unique())),
        "hwKeys": str(len(table["hwKey"].unique())),
        "endpoints ok": "8 of 8",
        "checks passed": f"{states.count('pass')} of {len(states)} {states.count('skip')} skipped",
    }
    assert summary["version"] in said(found, "header")
    assert not found.css("#findings")


def test_what_is_wrong_stands_on_top(tmp_path: Path) -> None:
    failed = {"name": "a", "status": "fail", "expected": "", "observed": "", "findings": [f"no {n}" for n in range(11)]}
    found = written(tmp_path, status="incomplete", checks=[failed], output_errors={"x.csv": "disk full"})
    assert said(found, "#findings li:first-child") == "cannot write x.csv: disk full"
    assert len(found.css("#findings li")) == view.LIMITS["lead"]
    assert "4 more findings" in said(found, "#findings p")


def test_checks_of_older_and_newer_runs(tmp_path: Path) -> None:
    old = {"name": "a", "status": "fail", "expected": "1", "observed": "0", "findings": ["no x", "no y"]}
    assert cells(written(tmp_path, checks=[old]), "checks") == [["a", "✕ fail", "1", "0", "no x no y"]]
    new = {"name": "b", "status": "skip", "expected": "2", "observed": "–", "severity": "warning", "message": "why"}
    assert cells(written(tmp_path, checks=[new, old]), "checks") == [
        ["a", "✕ fail", "–", "1", "0", "no x no y"],
        ["b", "– skip", "warning", "2", "–", "why"],
    ]


def test_changes(tmp_path: Path) -> None:
    found = written(tmp_path, changes=CHANGES)
    assert "Since version 20261122T010000Z : 0 added, 46 removed, 22 changed" in said(found, "#changes")
    change = "throughput per GPU −30 % (−34 %) , latency – (+150 %)"
    assert cells(found, "changes") == [["GLM-5", "1k-1k", "b200_trt", "0", "46", "22", change]]
    assert "3 more groups are not shown" in said(found, "#changes")


def test_a_first_version_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"since": None, "records": None, "groups": [], "groups_omitted": 0}
    assert "There is no earlier version" in said(written(tmp_path, changes=nothing), "#changes")


def test_provenance(live: Path) -> None:
    summary = summary_of(live)
    found = Selector((live / page.FILE_NAME).read_text(encoding="utf-8"))
    text = said(found, "#provenance")
    assert all(f"{name} {number}" in text for name, number in summary["software"].items())
    assert "edition 2026-08" in text
    assert all(entry["url"] in text and entry["sha256"] in text for entry in summary["endpoint_details"])
    assert "© SemiAnalysis" in said(found, "footer")
    assert "Attribution is required" in said(found, "footer")


def test_foreign_text_is_escaped_everywhere(tmp_path: Path) -> None:
    hostile = "<i onclick=x>"
    stored(tmp_path, row(model_name=hostile, sequence_length=hostile, hwKey=hostile))
    entry = {"model": hostile, "sequence": hostile, "data_type": hostile, "state": hostile, "reason": hostile}
    summary = {
        **dict.fromkeys(("spider", "version", "status", "site"), hostile),
        "arguments": {hostile: hostile},
        "software": {hostile: hostile},
        "timings": {"started_at": hostile},
        "carried_over": [hostile],
        "output_errors": {hostile: hostile},
        "coverage": [entry | {"expected_hwkeys": [hostile], "missing_hwkeys": [hostile], "seen_hwkeys": {}}],
        "endpoint_details": [entry | {"url": hostile, "records": 0, "bytes": 0, "sha256": hostile}],
        "checks": [dict.fromkeys(("name", "status", "expected", "observed", "severity", "message"), hostile)],
    }
    found = written(tmp_path, **summary)
    assert not found.css("i[onclick]")
    assert said(found, "#coverage th[rowspan]").count(hostile) == 1
    data = json.loads(found.css("#data::text").get(default=""))
    assert data["texts"]["model"] == [hostile]


def test_a_version_of_other_columns_is_no_obstacle(tmp_path: Path) -> None:
    table = pa.table({"model_name": ["A"], "sequence_length": ["1k-1k"], "hwKey": ["b200"], "y": [1.0], "e2e_x": [2.0]})
    pq.write_table(table, tmp_path / "benchmarks.parquet")
    assert cells(written(tmp_path, records=1), "coverage") == [["A", "1k-1k", "1"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.3, "−30 %"), (0.004, "+0.4 %"), (1.5, "+150 %"), (123.456, "+12,000 %"), (0.0, "+0 %"), (None, "–")],
)
def test_relative_changes_are_rounded(value: float | None, text: str) -> None:
    assert view.relative(value) == text


def test_moments_are_told_to_the_minute() -> None:
    assert view.moment("2026-11-23T19:13:22.446083+00:00") == "2026-11-23 19:13 UTC"
    assert [view.moment("once"), view.moment(None)] == ["once", "–"]
