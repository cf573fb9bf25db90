"""The catalogue: its slugs, and how a user's spelling finds an entry."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inferencemax_spider import catalog
from inferencemax_spider.catalog import MODELS, SEQUENCES, Entry, Model, find, general_slug, with_models

ENTRIES: dict[str, tuple[Entry, ...]] = {"model": MODELS, "sequence": SEQUENCES}
SPELLINGS = [
    (kind, entry, spelling) for kind, entries in ENTRIES.items() for entry in entries for spelling in entry.spellings
]
PUNCTUATION = " ._-/"


def mangled(spelling: str, rng: random.Random) -> str:
    """Return *spelling* in another case and with other punctuation, also between letters."""
    letters = [rng.choice([letter.lower(), letter.upper()]) for letter in spelling if letter.isalnum()]
    return "".join(letter + "".join(rng.choices(PUNCTUATION, k=rng.randrange(3))) for letter in letters)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("DeepSeek R1 0528", "deepseek-r1-0528"),
        ("gpt-oss 120B", "gpt-oss-120b"),
        # Not what the general rule gives: the site's own exception.
        ("Llama 3.3 70B Instruct", "llama-3_3-70b-instruct-fp8"),
    ],
)
def test_models_have_the_slugs_that_the_site_published(name: str, slug: str) -> None:
    assert {model.name: model.slug for model in MODELS}[name] == slug


def test_sequences_have_the_slugs_labels_and_lengths_that_the_site_published() -> None:
    assert [(entry.slug, entry.label, entry.isl, entry.osl) for entry in SEQUENCES] == [
        ("1k_1k", "1k-1k", 1024, 1024),
        ("1k_8k", "1k-8k", 1024, 8192),
        ("8k_1k", "8k-1k", 8192, 1024),
    ]


def test_every_model_expects_the_hwkey_that_was_once_lost() -> None:
    assert all("b200_trt" in model.expected_hwkeys for model in MODELS)


@given(st.text(alphabet=string.ascii_letters + string.digits + " .-_"))
def test_general_slug_is_lower_case_with_hyphens_for_spaces_and_dots(name: str) -> None:
    slug = general_slug(name)
    assert not re.search(r"[A-Z .]", slug)
    assert re.sub(r"-", "", slug) == re.sub(r"[ .-]", "", name.lower())
    assert general_slug(slug) == slug


def test_general_slug_keeps_each_word_apart() -> None:
    assert general_slug("Some Model 4.5 Pro_x") == "some-model-4-5-pro_x"


@given(st.sampled_from(SPELLINGS), st.randoms(use_true_random=False))
def test_every_spelling_finds_its_entry_in_any_case_and_punctuation(
    chosen: tuple[str, Entry, str], rng: random.Random
) -> None:
    kind, entry, spelling = chosen
    assert find(kind, mangled(spelling, rng), ENTRIES[kind]) is entry


@given(st.sampled_from(sorted(ENTRIES)), st.text(max_size=12))
def test_what_is_not_found_is_refused_with_every_valid_name(kind: str, text: str) -> None:
    folded = re.sub(r"[^a-z0-9]", "", text.casefold())
    known = {re.sub(r"[^a-z0-9]", "", spelling.casefold()) for _, _, spelling in SPELLINGS}
    if folded in known:
        return
    with pytest.raises(catalog.UnknownNameError) as caught:
        find(kind, text, ENTRIES[kind])
    message = str(caught.value)
    assert repr(text) in message
    assert all(entry.name in message and entry.slug in message for entry in ENTRIES[kind])


@pytest.mark.parametrize("kind", ENTRIES)
def test_no_spelling_stands_for_two_entries(kind: str) -> None:
    for entry in ENTRIES[kind]:
        assert {find(kind, spelling, ENTRIES[kind]).name for spelling in entry.spellings} == {entry.name}


@pytest.mark.parametrize("slug", ["", "..", "../up", "a/b", ".hidden", "a b", "a\n", "-x", "ä", "a%2e"])
def test_a_slug_that_could_leave_its_folder_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        Model(name="Any", slug=slug)


def test_a_new_model_gets_the_general_slug_and_stands_last() -> None:
    models = with_models({"Qwen 3.5": {"aliases": ["qwen"]}})
    assert models[:-1] == MODELS
    assert models[-1] == Model(name="Qwen 3.5", slug="qwen-3-5", aliases=("qwen",))


def test_an_override_changes_what_it_names_and_keeps_the_rest() -> None:
    llama = MODELS[2]
    models = with_models({llama.name: {"expected_hwkeys": ["h100"]}})
    assert models == (*MODELS[:2], llama.model_copy(update={"expected_hwkeys": ("h100",)}))


def test_a_null_slug_means_the_general_rule() -> None:
    llama = MODELS[2]
    assert with_models({llama.name: {"slug": None}})[2].slug == general_slug(llama.name)


@pytest.mark.parametrize("fields", [{"slugs": "x"}, {"slug": "a/b"}, {"aliases": 7}, {"expected_hwkeys": "b200"}])
def test_a_wrong_override_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        with_models({"New": fields})


def test_no_overrides_leave_the_catalogue_as_it_is() -> None:
    assert with_models({}) == MODELS


def test_a_model_is_found_by_its_own_name_even_where_that_is_an_alias_of_another() -> None:
    models = with_models({"DeepSeek": {}})
    assert find("model", "DeepSeek", models).name == "DeepSeek"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("GLM5/5.1 744B", "GLM-5"),
        ("GLM5.2/5.3", "GLM-5.2"),
        ("DeepSeek R1 0528 671B", "DeepSeek-R1-0528"),
        ("Llama 3.3 70B Instruct", "Llama-3.3-70B-Instruct-FP8"),
        ("Kimi K4", None),
        ("DeepSeek", None),
        ("", None),
    ],
)
def test_a_label_of_the_page_stands_for_one_name_or_none(label: str, name: str | None) -> None:
    assert catalog.find_label(label, catalog.API_MODELS) == name
