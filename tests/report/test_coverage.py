"""The heat map: what was seen, and every kind of loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inferencemax_spider.report import coverage, points, view
from inferencemax_spider.report.coverage import Cell, HeatMap
from tests.report.conftest import demo, summary_of
from tests.report.tables import read, row


def endpoint(model: str, sequence: str = "", data_type: str = "", **changes: Any) -> dict[str, Any]:
    """Return a row of a summary's coverage."""
    names = {"model": model, "sequence": sequence, "data_type": data_type}
    return names | {"state": "ok", "expected_hwkeys": [], "missing_hwkeys": [], "seen_hwkeys": {}} | changes


def mapped(folder: Path, *rows: dict[str, Any], **summary: Any) -> HeatMap:
    """Return the heat map of *rows* and a *summary*."""
    return coverage.heat_map(read(folder, *rows), view.whole(summary))


def cells(found: HeatMap) -> dict[tuple[str, str, str], Cell]:
    """Return the cells by model, sequence and hwKey."""
    return {
        (line.model, line.sequence, hwkey): cell
        for line in found.rows
        for hwkey, cell in zip(found.hwkeys, line.cells, strict=True)
    }


def test_counts_and_gaps(tmp_path: Path) -> None:
    found = mapped(tmp_path, *[row()] * 3, row(hwKey="h200", sequence_length="8k-1k"))
    assert found.hwkeys == ["h200", "b200_trt"]
    assert {place: (cell.kind, cell.records) for place, cell in cells(found).items()} == {
        ("GLM-5", "1k-1k", "h200"): ("gap", 0),
        ("GLM-5", "1k-1k", "b200_trt"): ("seen", 3),
        ("GLM-5", "8k-1k", "h200"): ("seen", 1),
        ("GLM-5", "8k-1k", "b200_trt"): ("gap", 0),
    }
    assert [line.height for line in found.rows] == [2, 0]
    assert found.losses == 0


def test_rows_are_in_the_order_of_the_plan(tmp_path: Path) -> None:
    plan = [endpoint("Kimi-K3"), endpoint("GLM-5")]
    rows = (row(sequence_length="agentic-traces"), row(), row(model="glm5.1"), row(model_name="Kimi-K3", model="k"))
    found = mapped(tmp_path, *rows, coverage=plan)
    assert [(line.model, line.sequence) for line in found.rows] == [
        ("Kimi-K3", "1k-1k"),
        ("GLM-5 (glm5)", "1k-1k"),
        ("GLM-5 (glm5)", "agentic-traces"),
        ("GLM-5 (glm5.1)", "1k-1k"),
    ]


def test_an_expected_hwkey_that_did_not_come_is_missing(tmp_path: Path) -> None:
    found = mapped(tmp_path, row(hwKey="h200"), coverage=[endpoint("GLM-5", missing_hwkeys=["b200_trt"])])
    assert cells(found)["GLM-5", "1k-1k", "b200_trt"] == Cell("missing")
    assert found.losses == 1


def test_a_hwkey_that_the_version_before_had_is_gone(tmp_path: Path) -> None:
    group = {"model": "GLM-5", "sequence": "1k-1k", "added": 0, "changed": 0, "metrics": {}}
    groups = [group | {"hwKey": "h200", "removed": 5}, group | {"hwKey": "b200_trt", "removed": 1}]
    vanished = group | {"model": "Kimi-K3", "hwKey": "h200", "removed": 4}
    changes = {"since": "x", "records": {}, "groups": [*groups, vanished], "groups_omitted": 0}
    found = cells(mapped(tmp_path, row(), changes=changes))
    assert found["GLM-5", "1k-1k", "h200"] == Cell("gone")
    assert found["GLM-5", "1k-1k", "b200_trt"].kind == "seen"
    assert found["Kimi-K3", "1k-1k", "h200"] == Cell("gone")


def test_an_endpoint_that_brought_nothing_has_a_row_with_the_reason(tmp_path: Path) -> None:
    plan = [endpoint("GLM-5"), endpoint("Kimi-K3", state="failed")]
    details = [{"model": "Kimi-K3", "sequence": "", "data_type": "", "reason": "HTTP 503", "state": "failed"}]
    found = mapped(tmp_path, row(), coverage=plan, endpoint_details=details)
    assert [(line.model, line.sequence, *line.problems) for line in found.rows] == [
        ("GLM-5", "1k-1k"),
        ("Kimi-K3", "all", ("failed", "failed: HTTP 503")),
    ]


def test_what_the_static_generation_loses(tmp_path: Path) -> None:
    faults = (
        "status=503@*gpt-oss*1k_8k-e2e.json",
        "missing_hwkey=mi300x@*gpt-oss*1k_1k-e2e.json",
        "missing_hwkey=b200_trt@*gpt-oss*8k_1k-*",
    )
    options = [option for fault in faults for option in ("--fault", fault)]
    version = demo(tmp_path, "inferencemax", "-s", "RETRY_TIMES=0", "-a", "models=gpt-oss", *options)
    found = coverage.heat_map(points.read(version / "benchmarks.parquet"), view.whole(summary_of(version)))
    marked = {place[1:]: cell for place, cell in cells(found).items() if cell.kind not in {"seen", "gap"}}
    assert marked == {
        ("1k-1k", "mi300x"): Cell("part", 20, "no e2e", marked["1k-1k", "mi300x"].level),
        ("8k-1k", "b200_trt"): Cell("missing"),
    }
    problems = {line.sequence: [problem.state for problem in line.problems] for line in found.rows}
    assert problems == {"1k-1k": [], "1k-8k": ["failed"], "8k-1k": []}


def test_a_table_that_nobody_could_read_is_cut_and_says_so(tmp_path: Path) -> None:
    rows = [row(hwKey=f"b{number}", model_name=f"m{number}", model=None) for number in range(250)]
    found = mapped(tmp_path, *rows)
    assert (len(found.rows), found.rows_omitted) == (coverage.ROWS_AT_MOST, 250 - coverage.ROWS_AT_MOST)
    assert (len(found.hwkeys), found.hwkeys_omitted) == (coverage.COLUMNS_AT_MOST, 250 - coverage.COLUMNS_AT_MOST)
