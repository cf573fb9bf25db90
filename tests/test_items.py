"""Endpoints and answers: names that are safe, and digests that are right."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.items import Endpoint
from tests.factories import endpoint, served

# Any text after the path, with the parts that do harm more often than chance would have them.
TAILS = st.lists(st.one_of(st.sampled_from(["..", ".", "/", "\\", "%2e", "?", "#", "\0", ":"]), st.text())).map("".join)


@given(TAILS)
def test_a_file_name_never_leaves_its_folder(tail: str) -> None:
    name = endpoint(index=7, url=f"http://127.0.0.1/data/{tail}").file_name
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name)
    assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/inference-performance/gpt-oss-120b-1k_8k-e2e.json", "gpt-oss-120b-1k_8k-e2e.json"),
        (
            "/data/inference-performance/llama-3_3-70b-instruct-fp8-8k_1k-e2e.json",
            "llama-3_3-70b-instruct-fp8-8k_1k-e2e.json",
        ),
        ("/data/a.json?model=b/c.json", "a.json"),
        ("/data/..", "endpoint-3"),
        ("/data/", "endpoint-3"),
        ("", "endpoint-3"),
        ("/data/.hidden.json", "hidden-59d3a91a.json"),
        ("/a b%20c.json", "a_b_20c-6bddbd7b.json"),
    ],
)
def test_a_file_is_named_after_the_last_part_of_the_path(path: str, name: str) -> None:
    assert endpoint(index=3, url=f"http://127.0.0.1{path}").file_name == name


@given(st.lists(TAILS, min_size=2, max_size=5, unique=True))
def test_no_two_names_are_reduced_to_one(models: list[str]) -> None:
    names = {endpoint(stored_as=f"benchmarks-{model}.json").file_name for model in models}
    assert len(names) == len(models)
    assert all(name.endswith(".json") for name in names)


def test_a_name_that_is_too_long_for_a_file_system_still_tells_endpoints_apart(tmp_path: Path) -> None:
    names = {endpoint(stored_as=f"benchmarks-{'x' * 400}{number}.json").file_name for number in range(2)}
    for name in names:
        (tmp_path / f".{name}.gz.partial").touch()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_of_that_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / endpoint(url="http://127.0.0.1/../..\\..\0/..%2f\nx").file_name
    path.touch()
    assert list(tmp_path.iterdir()) == [path]


def test_an_endpoint_reads_as_model_sequence_and_data_type() -> None:
    assert endpoint(model="A 1", sequence="1k-8k", data_type="e2e").name == "A 1 1k-8k e2e"


def test_an_endpoint_without_a_model_reads_as_what_it_brings() -> None:
    day = Endpoint(0, "http://127.0.0.1/info", dataset="workflow_info", sequence="2026-05-03")
    assert day.name == "workflow_info 2026-05-03"


def test_the_data_types_of_a_model_and_sequence_are_one_group() -> None:
    one, other = endpoint(0, "e2e"), endpoint(1, "interactivity")
    assert one.group == other.group
    assert one.group != endpoint(sequence="1k-1k").group
    assert one.group != endpoint(model="another").group


@given(st.binary())
def test_the_digest_is_that_of_the_body(content: bytes) -> None:
    assert served(content).sha256 == sha256(content).hexdigest()
