"""What the site publishes: models, sequences, data types, and the hwKeys that must be there.

Adding a model is one entry in ``MODELS`` (or one entry in the ``CATALOG_MODELS`` setting, without a release). Slugs
are data, not only a function: the general rule is lower case with spaces and dots turned into hyphens, and Llama
breaks it.

Source: the static JSON generation of 2025, ``/data/inference-performance/{model}-{sequence}-{data type}.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, StringConstraints

DataType = Literal["e2e", "interactivity"]
DATA_TYPES: tuple[DataType, ...] = get_args(DataType)

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A piece of a URL and of a file name: no separators, no leading dot, so that it cannot leave a folder."""


def general_slug(name: str) -> str:
    """Return the slug of a model *name* by the site's general rule.

    >>> general_slug("DeepSeek R1 0528")
    'deepseek-r1-0528'
    """
    return re.sub(r"[ .]+", "-", name.strip().lower())


def folded(text: str) -> str:
    """Reduce *text* to what makes two spellings of one name equal: letters and digits, case folded."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold())


class Entry(BaseModel):
    """Something that a user can name: by its name, its slug or an alias, in any case and punctuation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    slug: Slug
    aliases: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """All the ways in which a user may write this entry."""
        return (self.name, self.slug, *self.aliases)


class Model(Entry):
    """A benchmarked model: ``name`` as the dashboard shows it, ``slug`` as it stands in the URL.

    ``expected_hwkeys`` must be present in every endpoint of the model; one that is missing makes a run incomplete.
    """

    expected_hwkeys: tuple[str, ...] = ()

    @classmethod
    def named(cls, name: str, slug: str | None = None, **fields: Any) -> Self:
        """Return the model called *name*; without a *slug* of its own it gets the general rule."""
        return cls(name=name, slug=slug or general_slug(name), **fields)


class Sequence(Entry):
    """An input/output length pair: ``isl`` and ``osl`` in tokens."""

    isl: int
    osl: int

    @property
    def label(self) -> str:
        """The pair as it stands in the CSVs: ``1k-8k``."""
        return self.slug.replace("_", "-")


MODELS: tuple[Model, ...] = (
    Model.named(
        "DeepSeek R1 0528",
        aliases=("deepseek", "dsr1", "DeepSeek-R1"),
        expected_hwkeys=("b200_trt",),
    ),
    Model.named(
        "gpt-oss 120B",
        aliases=("gpt-oss", "gptoss120b"),
        expected_hwkeys=("b200_trt",),
    ),
    Model.named(
        "Llama 3.3 70B Instruct",
        # The exception of the general rule; in spite of its name the body holds fp4 rows as well as fp8.
        slug="llama-3_3-70b-instruct-fp8",
        aliases=("llama", "llama70b", "Llama-3.3-70B"),
        expected_hwkeys=("b200_trt",),
    ),
)

SEQUENCES: tuple[Sequence, ...] = (
    Sequence(name="1K / 1K", slug="1k_1k", isl=1024, osl=1024, aliases=("1024/1024",)),
    Sequence(name="1K / 8K", slug="1k_8k", isl=1024, osl=8192, aliases=("1024/8192",)),
    Sequence(name="8K / 1K", slug="8k_1k", isl=8192, osl=1024, aliases=("8192/1024",)),
)


E = TypeVar("E", bound=Entry)


Dataset = Literal["evaluations", "reliability", "submissions", "workflow_info"]
DATASETS: tuple[Dataset, ...] = get_args(Dataset)
"""What the live API has besides benchmarks."""

AGENTIC = Sequence(name="Agentic traces", slug="agentic_traces", isl=0, osl=0, aliases=("agentic",))
"""Recorded sessions of agents, which have no one input and output length; only the live API has them."""

API_MODELS: dict[str, tuple[str, ...]] = {
    "DeepSeek-R1-0528": ("dsr1",),
    "DeepSeek-V4-Pro": ("dsv4",),
    "gpt-oss-120b": ("gptoss120b",),
    "Llama-3.3-70B-Instruct-FP8": ("llama70b",),
    "Qwen-3.5-397B-A17B": ("qwen3.5",),
    "Kimi-K2.5": ("kimik2.5", "kimik2.6", "kimik2.7-code"),
    "Kimi-K3": ("kimik3",),
    "MiniMax-M2.5": ("minimaxm2.5", "minimaxm2.7"),
    "MiniMax-M3": ("minimaxm3",),
    "GLM-5": ("glm5", "glm5.1"),
    "GLM-5.2": ("glm5.2", "glm5.3"),
    "Gemma-4-31B": ("gemma4",),
    "DeepSeek-Coder-V2-Lite-Instruct": ("dsv2lite",),
}
"""Display names of the live API, which requests take, and the database keys that their rows carry, as of 2026-08.

Only the fallback, and a help to tell which key belongs to which name: the site says which names there are.
"""


API_EXPECTED = dict.fromkeys(("DeepSeek-R1-0528", "gpt-oss-120b", "Llama-3.3-70B-Instruct-FP8"), ("b200_trt",))
"""The hwKeys that the newest rows of a display name must hold: the site keeps those of what it no longer measures."""


class UnknownNameError(ValueError):
    """A name that stands for nothing in the catalogue; the message lists the names that do."""


def find_text(text: str, names: Iterable[str]) -> str | None:
    """Return the one of the display *names* that *text* means, as itself or by one of its database keys."""
    for name in names:
        if folded(text) in map(folded, (name, *API_MODELS.get(name, ()))):
            return name
    return None


def find_label(label: str, names: Iterable[str]) -> str | None:
    """Return the one of the display *names* that a *label* of the page stands for: one of the two begins as the other.

    >>> [find_label(label, API_MODELS) for label in ("GLM5/5.1 744B", "Qwen3.5 397B", "Kimi K4")]
    ['GLM-5', 'Qwen-3.5-397B-A17B', None]
    """
    wanted, names = folded(label), tuple(names)
    longer = [name for name in names if wanted and folded(name).startswith(wanted)]
    shorter = [name for name in names if wanted.startswith(folded(name))]
    return longer[0] if len(longer) == 1 else max(shorter, key=len, default=None)


def find(kind: str, text: str, entries: Iterable[E]) -> E:
    """Return the one of *entries* that *text* names, whatever its case and punctuation.

    Raises:
        UnknownNameError: nothing is called so.
    """
    entries = tuple(entries)
    wanted = folded(text)
    # A name that is an alias of another entry is still this entry's own.
    for spellings in (lambda entry: (entry.name, entry.slug), lambda entry: entry.aliases):
        for entry in entries:
            if wanted and wanted in map(folded, spellings(entry)):
                return entry
    valid = ", ".join(f"{entry.name!r} ({entry.slug})" for entry in entries)
    raise UnknownNameError(f"unknown {kind} {text!r}; valid: {valid}")


def with_models(overrides: Mapping[str, Mapping[str, Any]], models: Iterable[Model] = MODELS) -> tuple[Model, ...]:
    """Return *models* with *overrides* (the ``CATALOG_MODELS`` setting) laid over them, new ones at the end.

    Each override is ``{name: {"slug": …, "aliases": […], "expected_hwkeys": […]}}``; what it leaves out stays as it
    was, and a ``null`` slug means the general rule.
    """
    merged = {model.name: model.model_dump() for model in models}
    for name, fields in overrides.items():
        merged[name] = {**merged.get(name, {"name": name}), **fields}
    return tuple(Model.named(**fields) for fields in merged.values())
