"""A difference as it is shown: rows, the summary, a page of Markdown."""

from __future__ import annotations

import json

import pyarrow.compute as pc

from inferencemax_spider.versions import diff, diff_page, diff_rows
from inferencemax_spider.versions.diff import compare
from tests.versions.records import LIVE, live, rows_of, static


def test_rows_have_the_columns_that_are_announced() -> None:
    for old, new in ((static({}), static()), (live({}), live()), (static({}), live({}))):
        difference = compare(old, new)
        assert {tuple(table.column_names) for table in diff_rows.tables(difference)} == {
            tuple(diff_rows.columns(difference))
        }


def test_many_rows_come_in_parts() -> None:
    number = diff_rows.RECORDS_AT_ONCE + 5
    difference = compare(live(), live(*({"conc": conc + 1} for conc in range(number))), metrics=["tpPerGpu_y"])
    tables = list(diff_rows.tables(difference))
    assert [table.num_rows for table in tables] == [number - 5, 5]
    assert pc.sum(tables[1]["new"]).as_py() == 500.0


def test_the_summary_is_small_and_plain_json() -> None:
    old = static(*({"hwKey": f"b{number}", "conc": conc} for number in range(205) for conc in (1, 2)))
    new = static({"hwKey": "b7", "conc": 1, "tpPerGpu_y": 110.0, "tpPerMw_y": 9.0}, *({"hwKey": "c"},) * 3)
    summary = diff.summary(compare(old, new), since="20251025T010007Z")
    assert summary == json.loads(json.dumps(summary, allow_nan=False))
    assert summary["since"] == "20251025T010007Z"
    assert summary["records"] == {"added": 3, "removed": 409, "changed": 1, "updated": 0, "unchanged": 0}
    assert (len(summary["groups"]), summary["groups_omitted"]) == (200, 6)
    assert summary["groups"][0] == {
        "model": "gpt-oss 120B",
        "sequence": "1k-1k",
        "hwKey": "c",
        "added": 3,
        "removed": 0,
        "changed": 0,
        "metrics": {},
    }
    (changed,) = (group for group in summary["groups"] if group["hwKey"] == "b7")
    assert changed["metrics"] == {"tpPerGpu_y": {"median": 0.1, "largest": 0.1}}


def test_a_first_version_has_nothing_to_differ_from() -> None:
    assert diff.summary() == {"since": None, "records": None, "groups": [], "groups_omitted": 0}


def test_a_cell_of_markdown_cannot_break_its_table() -> None:
    lines = list(diff_page.markdown(compare(static(), static({"model_name": "a|b"}))))
    assert lines[-1].startswith(r"| a\|b | 1k-1k | b200 | 1 | – | – |")


def test_a_record_without_any_metric_is_listed_all_the_same() -> None:
    bare = {name: None for name, value in LIVE.items() if isinstance(value, float)}
    (row,) = rows_of(compare(live(), live(bare)))
    assert (row["change"], row["conc"], row["metric"], row["new"]) == ("added", 16, None, None)
