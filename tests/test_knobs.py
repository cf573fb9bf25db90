"""The settings that a user turns: wrong values are refused before the crawl, by name."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider import settings as project
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.knobs import Knobs, check
from tests.factories import project_settings

NUMBERS = [name for name, field in Knobs.model_fields.items() if field.annotation in {int, float}]
SWITCHES = [name for name, field in Knobs.model_fields.items() if field.annotation is bool]
READERS = {int: "getint", float: "getfloat", bool: "getbool"}
# As they stand on a command line, and as they stand in a settings module.
VALUES = st.one_of(
    st.sampled_from(["", "yes", "on", "True", "false", "1", "0", "1.0", "8.0", "1_0", " 3 ", "+3", "1e3", "x"]),
    st.integers(-3, 100),
    st.floats(0, 100),
    st.booleans(),
)


def test_the_defaults_pass() -> None:
    check(project_settings())


def test_every_knob_has_its_default_in_the_settings_module() -> None:
    assert [name for name in Knobs.model_fields if not hasattr(project, name)] == []


def test_every_knob_says_its_effect_and_when_to_turn_it() -> None:
    for field in Knobs.model_fields.values():
        assert field.description
        assert isinstance(field.json_schema_extra, dict)
        assert field.json_schema_extra["when"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["many", "", "nan", -1, None])
def test_a_number_that_is_none_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"^setting {name}\b.*$"):
        check(project_settings(**{name: value}))


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["maybe", "", "2", None])
def test_a_switch_that_is_neither_on_nor_off_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"^setting {name}\b.*$"):
        check(project_settings(**{name: value}))


@pytest.mark.parametrize("value", ["1.01", "-0.1", "nan", "50%"])
def test_a_share_lies_between_nothing_and_all(value: str) -> None:
    with pytest.raises(ArgumentError, match="REJECTED_SHARE_MAX"):
        check(project_settings(REJECTED_SHARE_MAX=value))


@pytest.mark.parametrize("name", ["CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_TIMEOUT"])
def test_a_crawl_that_could_never_fetch_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        check(project_settings(**{name: "0"}))


@pytest.mark.parametrize("name", ["RETRY_TIMES", "DOWNLOAD_DELAY", "DOWNLOAD_MAXSIZE", "REJECTED_SHARE_MAX"])
def test_nothing_at_all_is_allowed_where_it_means_something(name: str) -> None:
    check(project_settings(**{name: "0"}))


def test_all_wrong_settings_are_named_at_once_in_one_line() -> None:
    with pytest.raises(ArgumentError) as caught:
        check(project_settings(RETRY_TIMES="x", DOWNLOAD_TIMEOUT="y"))
    message = str(caught.value)
    assert "RETRY_TIMES='x'" in message
    assert "DOWNLOAD_TIMEOUT='y'" in message
    assert "\n" not in message


@given(st.sampled_from(NUMBERS + SWITCHES), VALUES)
def test_what_passes_is_read_by_scrapy_as_the_same_value(name: str, value: Any) -> None:
    settings = project_settings(**{name: value})
    with suppress(ArgumentError):
        check(settings)
        kind = Knobs.model_fields[name].annotation
        assert kind in READERS, get_args(kind)
        read = getattr(settings, READERS[kind])(name)
        assert read == getattr(Knobs.model_validate({key: settings.get(key) for key in Knobs.model_fields}), name)


def test_an_empty_output_folder_is_refused() -> None:
    with pytest.raises(ArgumentError, match="OUTPUT_DIR"):
        check(project_settings(OUTPUT_DIR=""))
