"""The hwKey grammar in both regex engines, and the editions of power and prices."""

from __future__ import annotations

import re
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import StringConstraints, TypeAdapter, ValidationError

from inferencemax_spider.hardware import EDITIONS, HWKEY_PATTERN, Gpu, base_gpu

HWKEY = TypeAdapter(Annotated[str, StringConstraints(pattern=HWKEY_PATTERN)])
VALID = ("b200", "b200_trt", "gb200_mtp", "b200_trt_mtp", "gb200_dynamo-trt", "mi300x", "h100_sglang_v0.5.2")
MALFORMED = ("", "B200", "b200__trt", "_trt", "b200 trt", "b200_", "../x", "b200_trt-", "b200_.trt", "200b", "b200\n")


@pytest.mark.parametrize("hwkey", VALID)
def test_a_valid_hwkey_passes(hwkey: str) -> None:
    assert HWKEY.validate_python(hwkey) == hwkey
    assert re.fullmatch(HWKEY_PATTERN, hwkey)


@pytest.mark.parametrize("hwkey", MALFORMED)
def test_a_malformed_hwkey_fails(hwkey: str) -> None:
    with pytest.raises(ValidationError):
        HWKEY.validate_python(hwkey)
    assert not re.fullmatch(HWKEY_PATTERN, hwkey)


@given(st.from_regex(HWKEY_PATTERN, fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_the_base_gpu_is_a_hwkey_of_its_own(hwkey: str) -> None:
    hwkey = hwkey.rstrip("\n")
    base = base_gpu(hwkey)
    assert hwkey.startswith(base)
    assert "_" not in base
    assert HWKEY.validate_python(base) == base_gpu(base)


@pytest.mark.parametrize(("hwkey", "base"), [("b200", "b200"), ("b200_trt_mtp", "b200"), ("gb200_dynamo-trt", "gb200")])
def test_the_base_gpu_ends_at_the_first_underscore(hwkey: str, base: str) -> None:
    assert base_gpu(hwkey) == base


def test_each_edition_stands_under_its_name_and_says_its_source() -> None:
    assert list(EDITIONS) == ["2025-10", "2026-08"]
    assert all(name == edition.name and edition.source for name, edition in EDITIONS.items())


def test_editions_know_the_same_gpus() -> None:
    gpus = {"h100", "h200", "b200", "b300", "gb200", "gb300", "mi300x", "mi325x", "mi355x"}
    assert all(set(edition.gpus) == gpus for edition in EDITIONS.values())


def test_power_and_prices_are_in_the_order_of_the_table() -> None:
    assert EDITIONS["2025-10"].gpu("b200_trt") == Gpu(power_kw=2.17, costh=1.95, costn=2.34, costr=2.90)
    assert EDITIONS["2026-08"].gpu("mi355x") == Gpu(power_kw=2.09, costh=1.50, costn=2.09, costr=2.10)


def test_an_unknown_gpu_has_no_numbers() -> None:
    assert EDITIONS["2025-10"].gpu("tpu7_vllm") is None
