"""Rejected records and failed endpoints as JSON lines: as received, and each with its reason."""

from __future__ import annotations

import io
import json
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.exporters.problems import FailuresExporter, RejectedExporter
from inferencemax_spider.items import EndpointCapture, FetchFailure
from tests.factories import MODEL, body, capture, endpoint, processed, row

TEXTS = st.one_of(st.text(), st.sampled_from(["\u2028", "\x85", "\n", "\r", "\\", '"', "},{"]))


def lines_of(exporter: type[RejectedExporter | FailuresExporter], *items: EndpointCapture) -> list[str]:
    file = io.BytesIO()
    writing = exporter(file)
    for item in items:
        writing.export_item(item)
    return file.getvalue().decode().removesuffix("\n").split("\n")


def strict(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def rejected(content: bytes) -> list[Any]:
    return [strict(line) for line in lines_of(RejectedExporter, processed(capture(content)))]


def test_a_rejected_record_stands_with_its_endpoint_its_place_and_its_faults() -> None:
    bad = row(x=0, hwKey=...)
    (line,) = rejected(body(row(), bad))
    assert line["record"] == bad
    assert line["index"] == 1
    assert {fault["field"] for fault in line["faults"]} == {"x", "hwKey"}
    assert all(fault["reason"] for fault in line["faults"])
    assert (line["model"], line["sequence"], line["data_type"], line["url"]) == (
        MODEL,
        "1k-8k",
        "e2e",
        endpoint().url,
    )


@pytest.mark.parametrize("number", ["-1.50", "-1e5", "-0", "-12345678901234567890", "-0.1000"])
def test_a_rejected_number_keeps_its_digits(number: str) -> None:
    content = body(row()).replace(b'"x": 7.213', f'"x": {number}'.encode())
    (line,) = lines_of(RejectedExporter, processed(capture(content)))
    assert f'"x": {number}, ' in line


@given(st.dictionaries(TEXTS, st.one_of(TEXTS, st.lists(TEXTS)), max_size=3), st.sampled_from([None, 0, 1, "\t"]))
def test_any_rejected_record_is_one_line_of_json_with_what_was_received(
    unknown: dict[str, Any], indent: int | str | None
) -> None:
    bad = row(x=0) | {f"new {name}": value for name, value in unknown.items()}
    for ascii_only in (False, True):
        (line,) = rejected(json.dumps([bad], ensure_ascii=ascii_only, indent=indent).encode())
        assert line["record"] == bad


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_rejected_record_on_several_lines_becomes_one_line_to_any_reader(end: str) -> None:
    bad = row(x=0, note="a\nb")
    content = json.dumps([bad], indent=1).replace("\n", end).encode()
    (line,) = lines_of(RejectedExporter, processed(capture(content)))
    assert len(line.splitlines()) == 1
    assert strict(line)["record"] == bad


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_record_with_what_json_does_not_have_is_a_string_with_its_text(constant: str) -> None:
    text = body(row())[1:-1].replace(b"7.213", constant.encode())
    (line,) = rejected(b"[" + text + b"]")
    assert line["record"] == text.decode()


def test_what_is_no_record_is_kept_too() -> None:
    assert [line["record"] for line in rejected(b'[null, 7, "text", [1, 2]]')] == [None, 7, "text", [1, 2]]


def test_a_failed_endpoint_stands_with_all_that_is_needed_to_try_again() -> None:
    failure = FetchFailure("no such host", exception="CannotResolveHostError")
    (line,) = map(strict, lines_of(FailuresExporter, processed(capture(failure=failure))))
    assert line == {
        "model": MODEL,
        "sequence": "1k-8k",
        "data_type": "e2e",
        "url": endpoint().url,
        "state": "failed",
        "reason": "no such host",
        "http_status": None,
        "exception": "CannotResolveHostError",
        "attempts": 2,
        "curl": "curl http://127.0.0.1/ --compressed",
    }


@pytest.mark.parametrize(
    ("item", "state", "status"),
    [
        (capture(b"[]"), "empty", 200),
        (capture(b"<html>"), "invalid", 200),
        (capture(b"", failure=FetchFailure("HTTP 404", status=404), status=404), "failed", 404),
    ],
)
def test_every_endpoint_without_records_is_told_with_its_state_and_status(
    item: EndpointCapture, state: str, status: int
) -> None:
    (line,) = map(strict, lines_of(FailuresExporter, processed(item)))
    assert (line["state"], line["http_status"]) == (state, status)
    assert line["reason"]
