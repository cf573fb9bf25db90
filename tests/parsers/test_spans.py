"""The parts of a JSON text: each exactly as it stands, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.parsers.spans import elements, members

# What would fool a search for brackets, commas and quotes.
TRICKY = st.sampled_from(["},{", "}, {", '"', '\\"', "\\", "],[", '{"data":[', "}", "]", "\u2028", "\n", ":", ","])
TEXTS = st.one_of(st.text(), TRICKY, st.lists(TRICKY).map("".join))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
ANYTHING = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXTS, inner)), max_leaves=15)
LAYOUTS = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 2, "\t"]),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", " :\t")]),
        "ensure_ascii": st.booleans(),
    }
)
MARGINS = st.text(alphabet=" \t\r\n", max_size=3)


@given(st.lists(ANYTHING), LAYOUTS, MARGINS)
def test_elements_are_those_that_json_reads(values: list[Any], layout: dict[str, Any], margin: str) -> None:
    text = f"{margin}{json.dumps(values, **layout)}{margin}"
    assert [json.loads(part) for part in elements(text)] == values


@given(st.dictionaries(TEXTS, ANYTHING), LAYOUTS, MARGINS)
def test_members_are_those_that_json_reads(values: dict[str, Any], layout: dict[str, Any], margin: str) -> None:
    text = f"{margin}{json.dumps(values, **layout)}{margin}"
    assert {key: json.loads(part) for key, part in members(text).items()} == values


@given(st.lists(st.tuples(ANYTHING, LAYOUTS)))
def test_each_element_is_cut_out_as_it_was_written(written: list[tuple[Any, dict[str, Any]]]) -> None:
    texts = [json.dumps(value, **layout) for value, layout in written]
    assert elements(f"[ {' ,  '.join(texts)}\n]") == texts


@given(st.dictionaries(TEXTS, st.tuples(ANYTHING, LAYOUTS)))
def test_each_member_is_cut_out_as_it_was_written(written: dict[str, tuple[Any, dict[str, Any]]]) -> None:
    texts = {key: json.dumps(value, **layout) for key, (value, layout) in written.items()}
    lines = [f"{json.dumps(key)} :\t{text}" for key, text in texts.items()]
    assert members("{ " + "\n, ".join(lines) + " }") == texts


@pytest.mark.parametrize("number", ["1.50", "1e5", "-0", "0.1000", "12345678901234567890123", "NaN", "-Infinity"])
def test_numbers_keep_their_digits(number: str) -> None:
    assert elements(f"[{number},{number}]") == [number, number]
    assert members(f'{{"a":{number}}}') == {"a": number}


def test_the_last_of_two_members_with_one_name_counts() -> None:
    assert (
        members('{"a": 1, "a": 2}') == {"a": "2"} == {key: str(value) for key, value in json.loads('{"a":2}').items()}
    )


@pytest.mark.parametrize("text", ["{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":[', "{,}", '{"a":1,,"b":2}'])
def test_an_object_that_is_cut_off_or_broken_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        members(text)
