"""Spider arguments: what is understood, and what is refused in one line that says what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferencemax_spider.arguments import ArgumentError, InferencemaxArguments, parse
from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES, Model, with_models


def parsed(**given: str) -> InferencemaxArguments:
    return parse(InferencemaxArguments, given)


def refusal(**given: str) -> str:
    with pytest.raises(ArgumentError) as caught:
        parsed(**given)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_without_arguments_everything_is_collected() -> None:
    arguments = parsed()
    assert (arguments.models, arguments.sequences, arguments.data_types) == (MODELS, SEQUENCES, DATA_TYPES)
    assert arguments.base_url == "https://inferencemax.semianalysis.com"
    assert arguments.sample is None
    assert arguments.replay is None


@given(st.lists(st.sampled_from([(model, name) for model in MODELS for name in model.spellings]), min_size=1))
def test_models_come_once_each_in_catalogue_order_however_they_are_named(named: list[tuple[Model, str]]) -> None:
    chosen = {model.name for model, _ in named}
    arguments = parsed(models=" , ".join(name for _, name in named))
    assert [model.name for model in arguments.models] == [model.name for model in MODELS if model.name in chosen]


@pytest.mark.parametrize("text", ["1k/8k", "1k_8k", "1K-8K", "1024/8192", " 1K / 8K ,", "1k8k,1k-8k"])
def test_a_sequence_is_found_in_any_spelling(text: str) -> None:
    assert parsed(sequences=text).sequences == (SEQUENCES[1],)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("interactivity,e2e", DATA_TYPES), ("E2E", ("e2e",)), (" Interactivity ", ("interactivity",))],
)
def test_data_types_are_read_in_any_case_and_order(text: str, expected: tuple[str, ...]) -> None:
    assert parsed(data_types=text).data_types == expected


def test_an_unknown_model_is_refused_with_the_valid_ones() -> None:
    message = refusal(models="gpt-oss,gpt-6")
    assert "'gpt-6'" in message
    assert all(model.name in message and model.slug in message for model in MODELS)


def test_an_unknown_sequence_is_refused_with_the_valid_ones() -> None:
    message = refusal(sequences="2k/2k")
    assert "'2k/2k'" in message
    assert all(sequence.slug in message for sequence in SEQUENCES)


def test_an_unknown_data_type_is_refused_with_the_valid_ones() -> None:
    message = refusal(data_types="latency")
    assert "'latency'" in message
    assert all(name in message for name in DATA_TYPES)


def test_an_unknown_argument_is_refused_with_the_valid_ones() -> None:
    message = refusal(model="gpt-oss")
    assert "'model'" in message
    assert all(name in message for name in InferencemaxArguments.model_fields)


def test_every_wrong_argument_is_named() -> None:
    message = refusal(sequences="x", sample="0", base_url="here")
    assert all(name in message for name in ("sequences", "sample", "base_url"))


def test_arguments_of_scrapyd_are_passed_over() -> None:
    assert parsed(_job="1f2e", _version="r1") == parsed()


@pytest.mark.parametrize("name", ["models", "sequences", "data_types"])
@pytest.mark.parametrize("text", ["", " ", ",", " , ,"])
def test_an_empty_list_is_refused_rather_than_taken_for_everything(name: str, text: str) -> None:
    assert name in refusal(**{name: text})


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "all", "", "nan", "1e3"])
def test_a_sample_that_is_no_positive_number_is_refused(text: str) -> None:
    assert "sample" in refusal(sample=text)


def test_a_sample_is_a_number() -> None:
    assert parsed(sample=" 3 ").sample == 3


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        (" https://example.org/ ", "https://example.org"),
        ("https://example.org/mirror//", "https://example.org/mirror"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_a_site_is_taken_without_its_last_slash(text: str, root: str) -> None:
    assert parsed(base_url=text).base_url == root


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8000",
        "example.org",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://example.org?page=1",
        "http://example.org#top",
        "http://example.org?",
        "http://an example.org",
        "http://example.org/a b",
        "http://example.org/#",
        "http://example.org:port",
        "http://example.org:99999",
        "http://user:secret@example.org",
        "http://[",
    ],
)
def test_what_is_no_root_of_a_site_is_refused(text: str) -> None:
    assert "base_url" in refusal(base_url=text)


def test_a_password_is_not_repeated_in_the_message() -> None:
    assert "secret" not in refusal(base_url="http://user:secret@example.org")


@pytest.mark.parametrize("folder", ["", "raw"])
def test_a_replay_is_the_folder_of_a_run_or_its_raw_folder(tmp_path: Path, folder: str) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.json").touch()
    assert parsed(replay=str(tmp_path / folder)).replay == tmp_path / "raw"


@pytest.mark.parametrize("folder", ["", "nowhere", "file"])
def test_a_replay_without_raw_files_is_refused_by_its_name(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / folder) in refusal(replay=str(tmp_path / folder))


def test_models_of_the_catalogue_that_is_given_are_known_and_taken_by_default() -> None:
    models = with_models({"New One": {}})
    assert parse(InferencemaxArguments, {}, models).models == models
    assert parse(InferencemaxArguments, {"models": "new-one"}, models).models == models[-1:]


@pytest.mark.parametrize("name", ["Foo, 7B", "DeepSeek"])
def test_every_model_of_the_catalogue_is_collected_by_default_whatever_its_name(name: str) -> None:
    models = with_models({name: {"slug": "foo-7b"}})
    assert parse(InferencemaxArguments, {}, models).models == models


def test_every_argument_is_described() -> None:
    assert all(field.description for field in InferencemaxArguments.model_fields.values())
