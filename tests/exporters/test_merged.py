"""The merged CSV against an outer join written down in plain Python: nothing lost, nothing twice, in plan order."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.catalog import SEQUENCES
from inferencemax_spider.exporters.merged import KEYS, MergedCsvExporter
from inferencemax_spider.items import EndpointCapture
from inferencemax_spider.records import BenchmarkRecord
from tests.factories import RECORDED, body, capture, crawler, endpoint, needs_recordings, processed, row, rows, stats_of

CURVES = ("costh", "costn", "costr", "tpPerGpu", "tpPerMw")
# Few identities, so that matches, one-sided rows and repetitions are all frequent.
ROWS = st.lists(
    st.builds(
        lambda conc, tp, hwkey, x, y, roof: row(
            y, conc=conc, tp=tp, hwKey=hwkey, x=x, costh={"y": y / 2, "roof": roof}
        ),
        st.integers(1, 2),
        st.integers(1, 2),
        st.sampled_from(["b200", "b200_trt"]),
        st.integers(1, 1000),
        st.floats(0.001, 5000),
        st.booleans(),
    ),
    max_size=6,
)
# One response per side, or none at all, for each of three groups.
GROUPS = st.lists(st.tuples(st.one_of(st.none(), ROWS), st.one_of(st.none(), ROWS)), min_size=1, max_size=3)

Joined = tuple[BenchmarkRecord | None, BenchmarkRecord | None]


def captures_of(groups: list[tuple[Any, Any]]) -> list[EndpointCapture]:
    return [
        processed(capture(body(*served), endpoint(2 * place + side, data_type, sequence=f"{9 - place}k-1k")))
        for place, group in enumerate(groups)
        for side, (data_type, served) in enumerate(zip(("e2e", "interactivity"), group, strict=True))
        if served is not None
    ]


def merged(captures: Iterable[EndpointCapture], **options: Any) -> tuple[bytes, dict[str, Any]]:
    """Return the merged CSV of *captures*, exported in that order, and the stats."""
    file, of = io.BytesIO(), crawler()
    exporter = MergedCsvExporter.from_crawler(of, file, **options)
    exporter.start_exporting()
    for item in captures:
        exporter.export_item(item)
    exporter.finish_exporting()
    return file.getvalue(), {key: value for key, value in stats_of(of).items() if key.startswith("merge/")}


def lines_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def key_of(record: BenchmarkRecord) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in KEYS)


def outer_join(e2e: Iterable[BenchmarkRecord], inter: Iterable[BenchmarkRecord]) -> list[Joined]:
    """Join the first record of an identity with the other side's first, and so on."""
    waiting: dict[tuple[Any, ...], list[BenchmarkRecord]] = defaultdict(list)
    for record in inter:
        waiting[key_of(record)].append(record)
    joined: list[Joined] = []
    for record in e2e:
        partners = waiting[key_of(record)]
        joined.append((record, partners.pop(0) if partners else None))
    left = {id(record) for records in waiting.values() for record in records}
    return joined + [(None, record) for record in inter if id(record) in left]


def expected_lines(captures: list[EndpointCapture]) -> list[dict[str, Any]]:
    sides: dict[str, dict[str, list[BenchmarkRecord]]] = defaultdict(lambda: defaultdict(list))
    for item in sorted(captures, key=lambda item: item.endpoint.index):
        sides[item.endpoint.group][item.endpoint.data_type] += item.records
    return [
        line(e2e, inter) for group in sides.values() for e2e, inter in outer_join(group["e2e"], group["interactivity"])
    ]


def line(e2e: BenchmarkRecord | None, inter: BenchmarkRecord | None) -> dict[str, Any]:
    either = e2e or inter
    assert either
    return (
        {name: getattr(either, name) for name in KEYS}
        | {f"{name}_y": getattr(either, f"{name}_y") for name in CURVES}
        | {f"{name}_roof": getattr(e2e, f"{name}_roof", None) for name in CURVES}
        | {"e2e_x": getattr(e2e, "x", None), "e2e_y": getattr(e2e, "y", None)}
        | {"inter_x": getattr(inter, "x", None), "inter_y": getattr(inter, "y", None)}
    )


def read_line(cells: dict[str, str]) -> dict[str, Any]:
    texts = ("model_name", "sequence_length", "hwKey", "precision")
    kinds = dict.fromkeys(texts, str) | {"conc": int, "tp": int}
    return {
        name: None
        if cell == ""
        else {"True": True, "False": False}[cell]
        if name.endswith("_roof")
        else kinds.get(name, float)(cell)
        for name, cell in cells.items()
    }


@given(GROUPS, st.randoms(use_true_random=False))
def test_rows_are_those_of_an_outer_join_in_plan_order_whatever_the_order_of_arrival(
    groups: list[tuple[Any, Any]], rng: random.Random
) -> None:
    captures = captures_of(groups)
    expected = expected_lines(captures)
    rng.shuffle(captures)
    content, stats = merged(captures)
    assert [read_line(cells) for cells in lines_of(content)] == expected
    assert stats["merge/rows"] == len(expected)
    assert stats["merge/matched"] == sum(one["e2e_x"] is not None and one["inter_x"] is not None for one in expected)


@given(GROUPS)
def test_no_row_of_either_side_is_lost_or_doubled(groups: list[tuple[Any, Any]]) -> None:
    read = [read_line(cells) for cells in lines_of(merged(captures_of(groups))[0])]
    for side, name in enumerate(("e2e", "inter")):
        served = Counter(
            (float(one["x"]), float(one["y"]), one["conc"], one["tp"], one["hwKey"])
            for group in groups
            for one in group[side] or ()
        )
        assert served == Counter(
            (one[f"{name}_x"], one[f"{name}_y"], one["conc"], one["tp"], one["hwKey"])
            for one in read
            if one[f"{name}_x"] is not None
        )


@given(GROUPS)
def test_rows_that_do_not_match_are_counted_by_side_and_group(groups: list[tuple[Any, Any]]) -> None:
    captures = captures_of(groups)
    _, stats = merged(captures)
    expected: Counter[str] = Counter()
    for one in expected_lines(captures):
        group = f"{one['model_name']} {one['sequence_length']}"
        if one["inter_x"] is None:
            expected[f"merge/only_e2e/{group}"] += 1
        if one["e2e_x"] is None:
            expected[f"merge/only_interactivity/{group}"] += 1
    assert {key: count for key, count in stats.items() if "only_" in key and count} == expected


def test_nothing_to_merge_is_a_header_and_counts_of_zero() -> None:
    content, stats = merged([])
    assert content.count(b"\n") == 1
    assert stats == {"merge/rows": 0, "merge/matched": 0}


def test_the_columns_are_the_identity_the_curves_and_both_axes_of_both_sides() -> None:
    content, _ = merged([])
    assert content.decode().strip().split(",") == [
        "model_name",
        "sequence_length",
        "conc",
        *(f"{name}_{part}" for name in CURVES[:3] for part in ("roof", "y")),
        "hwKey",
        "precision",
        "tp",
        *(f"{name}_{part}" for name in CURVES[3:] for part in ("roof", "y")),
        *("e2e_x", "e2e_y", "inter_x", "inter_y"),
    ]


def test_fields_choose_and_rename_columns() -> None:
    captures = captures_of([([row()], [row(x=50)])])
    content, _ = merged(captures, fields_to_export={"hwKey": "curve", "inter_x": "interactivity"})
    assert content == b"curve,interactivity\nmi300x,50\n"


def test_several_responses_of_one_side_are_joined_in_plan_order() -> None:
    captures = [
        processed(capture(body(row(x=index)), endpoint(index, data_type)))
        for index, data_type in enumerate(["e2e", "interactivity", "e2e", "interactivity"], start=1)
    ]
    for arrival in (captures, captures[::-1]):
        read = [read_line(cells) for cells in lines_of(merged(arrival)[0])]
        assert [(one["e2e_x"], one["inter_x"]) for one in read] == [(1, 2), (3, 4)]


def test_every_precision_and_tp_is_a_run_of_its_own() -> None:
    served = [row(precision="fp4", tp=4), row(precision="fp8", tp=4), row(precision="fp4", tp=8)]
    _, stats = merged(captures_of([(served, served)]))
    assert (stats["merge/rows"], stats["merge/matched"]) == (3, 3)


@needs_recordings
def test_recorded_bodies_give_the_rows_that_the_predecessor_published() -> None:
    labels = {sequence.name: sequence.label for sequence in SEQUENCES}
    captures = [
        processed(
            capture(
                (RECORDED / one["path"].lstrip("/")).read_bytes(),
                endpoint(index, one["data_type"], model=one["model"], sequence=labels[one["sequence"]]),
            )
        )
        for index, one in enumerate(json.loads((RECORDED / "expected.json").read_text()))
    ]
    golden = (RECORDED / "golden" / "inference_max_merged.csv").read_bytes()
    content, stats = merged(captures)
    assert content.splitlines()[0] == golden.splitlines()[0]
    assert Counter(content.splitlines()) == Counter(golden.splitlines())
    assert stats["merge/rows"] == stats["merge/matched"]


@pytest.mark.parametrize("count", [0, 1, 500])
def test_the_same_input_gives_the_same_bytes(count: int) -> None:
    served = rows(count)
    captures = captures_of([(served, served[::-1])])
    assert merged(captures) == merged(captures[::-1])
