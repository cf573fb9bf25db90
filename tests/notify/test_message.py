"""What is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferencemax_spider.notify.message import MOST_CHARACTERS, MOST_FINDINGS, compose
from tests.notify.summaries import changes, summary


def test_a_message_names_what_is_wrong_how_much_since_when_and_where_the_report_is(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    run = summary("incomplete", "GLM-5: empty", "dsr1: gone", changes=changes(changed=12, added=2))
    message = compose(run, summary(), tmp_path)
    assert message.title == "inferencemax-spider: inferencex INCOMPLETE"
    assert message.body.splitlines() == [
        "6 of 8 endpoints ok",
        "1234 records, 5 rejected",
        "1 of 1 checks failed",
        "- GLM-5: empty",
        "- dsr1: gone",
        "Since 20261122T010000Z: 2 added, 0 removed, 12 changed",
        "- gpt-oss 120B 1k-8k b200_trt: 2 added, 12 changed (tpPerGpu_y -30.0% in the median)",
        f"Version 20261123T010000Z: {tmp_path / 'report.html'}",
    ]


def test_without_a_report_the_folder_is_named(tmp_path: Path) -> None:
    assert compose(summary("cancelled"), None, tmp_path).body.endswith(f"Z: {tmp_path}")


def test_a_recovery_is_called_so(tmp_path: Path) -> None:
    assert compose(summary(), summary("failed"), tmp_path).title.endswith(" inferencex complete again")


def test_an_output_that_could_not_be_written_is_named(tmp_path: Path) -> None:
    run = summary("failed", output_errors={"a.csv": "No space left on device"})
    assert "- cannot write a.csv: No space left on device" in compose(run, None, tmp_path).body


def test_many_findings_are_counted(tmp_path: Path) -> None:
    lines = compose(summary("incomplete", *map(str, range(50))), None, tmp_path).body.splitlines()
    assert [line for line in lines if line.startswith("- ")] == [f"- {n}" for n in range(MOST_FINDINGS)]
    assert f"… and {50 - MOST_FINDINGS} more" in lines


def test_a_long_message_is_cut_and_still_says_where_the_files_are(tmp_path: Path) -> None:
    body = compose(summary("incomplete", *["x" * 1000] * 50), None, tmp_path).body
    assert len(body) < MOST_CHARACTERS + 20
    assert "… (cut)" in body
    assert body.endswith(str(tmp_path))


@pytest.mark.parametrize("text", ["a\nSubject: b", "a\r\nBcc: x@y", "a\x00b", "a\u2028b", "a\x1b[31mb"])
def test_foreign_text_stays_on_its_line(tmp_path: Path, text: str) -> None:
    lines = compose(summary("incomplete", text), None, tmp_path).body.split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
