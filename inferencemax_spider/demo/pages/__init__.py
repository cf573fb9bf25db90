"""The dashboard's pages, as a visitor of the site sees them: that of 2025 and that of 2026.

Both are drawn in the browser: the documents hold the names of what can be selected and no benchmark data, which the
page's own scripts fetch. Everything that the pages need stands in ``assets``; what they load from elsewhere (a tracker)
does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from inferencemax_spider.catalog import API_MODELS, DATA_TYPES, MODELS, SEQUENCES, Model, Sequence
from inferencemax_spider.demo.content import CONTENT_TYPES, HTML, Resource, script_json
from inferencemax_spider.demo.dataset import FOLDER, Endpoint

Documents = Mapping[str, Resource]

TEMPLATES: Final = files(__package__) / "templates"
ASSETS: Final = "/assets/"

LANDING_PATH: Final = "/"
INFERENCE_PATH: Final = "/inference"
OLDER_PATH: Final = "/2025/"
"""Where the page of 2025 is on a site whose root is the landing page of 2026."""

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "DeepSeek-R1-0528": ("DeepSeek R1 0528 671B", "Maintenance Mode"),
    "DeepSeek-V4-Pro": ("DeepSeek V4 Pro 0813 1.6T", ""),
    "gpt-oss-120b": ("gpt-oss 120B", "Deprecated"),
    "Llama-3.3-70B-Instruct-FP8": ("Llama 3.3 70B Instruct", "Deprecated"),
    "Qwen-3.5-397B-A17B": ("Qwen3.5 397B", ""),
    "Kimi-K2.5": ("Kimi K2.5/2.6/2.7-Code 1T", "Deprecated"),
    "Kimi-K3": ("Kimi K3 2.8T", ""),
    "MiniMax-M2.5": ("MiniMax M2.5/2.7 230B", "Deprecated"),
    "MiniMax-M3": ("MiniMax M3 428B", ""),
    "GLM-5": ("GLM5/5.1 744B", "Deprecated"),
    "GLM-5.2": ("GLM5.2/GLM5.3 744B", ""),
}
"""What newer deployments of the page call a model, and the section of the list that it stands in, as of 2026-08."""
BADGES: Final[Mapping[str, str]] = {"Qwen-3.5-397B-A17B": "NEW"}


@cache
def _templates() -> Environment:
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: (TEMPLATES / name).read_text(encoding="utf-8")),
    )


def _document(name: str, config: object = None) -> Resource:
    """Return the page *name*, which offers what *config* says."""
    page = _templates().get_template(name).render(config=script_json(config))
    return Resource(page.encode(), HTML)


def page_2025(models: Iterable[Model] = MODELS, sequences: Iterable[Sequence] = SEQUENCES) -> Resource:
    """Return the page of the static generation: a body for each model, sequence and data type."""
    config = {
        "folder": FOLDER,
        "models": [{"name": model.name, "slug": model.slug} for model in models],
        "sequences": [{"name": sequence.name, "slug": sequence.slug} for sequence in sequences],
        "dataTypes": DATA_TYPES,
    }
    return _document("2025.html", config)


def _entry(name: str, keys: Iterable[str]) -> dict[str, Any]:
    label, section = LABELS.get(name, (name, ""))
    return {"name": name, "keys": list(keys), "label": label, "section": section, "badge": BADGES.get(name)}


def pages_2026(models: Mapping[str, Iterable[str]]) -> Documents:
    """Return the landing page and the dashboard of the live API, by their paths.

    *models* are the display names that have data, with their database keys, the default one first. The page also knows
    the other names of the catalogue, and learns from the site that those have no data.
    """
    known: dict[str, Iterable[str]] = {
        **models,
        **{name: API_MODELS[name] for name in API_MODELS if name not in models},
    }
    config = {"models": [_entry(name, keys) for name, keys in known.items()]}
    return {LANDING_PATH: _document("landing.html"), INFERENCE_PATH: _document("2026.html", config)}


def recorded_models(root: Path) -> tuple[Model, ...]:
    """Return the models of the catalogue that have a static body in the folder *root*, which is laid out by path."""
    found = {path.name for path in (root / FOLDER.lstrip("/")).glob("*.json")}
    return tuple(
        model
        for model in MODELS
        if any(Path(Endpoint(model, s, d).path).name in found for s in SEQUENCES for d in DATA_TYPES)
    )


@cache
def _asset(name: str) -> Resource | None:
    """Return the file *name* of the assets, or None when there is none."""
    found = next((file for file in (files(__package__) / "assets").iterdir() if file.name == name), None)
    return Resource(found.read_bytes(), CONTENT_TYPES[Path(name).suffix]) if found else None


class PagesContent:
    """The documents of one or both generations, and what they load from the site."""

    def __init__(self, *, older: Resource | None = None, newer: Documents | None = None) -> None:
        """Publish the page of 2025 (*older*) and those of 2026 (*newer*): the newest has the root of the site."""
        self._documents: dict[str, Resource] = dict(newer or {})
        if older:
            self._documents[OLDER_PATH if newer else LANDING_PATH] = older

    def get(self, path: str, query: str) -> Resource | None:  # noqa: ARG002 - the page's scripts read the query
        """Return the page or asset at *path*, or None when there is neither."""
        if path.startswith(ASSETS):
            return _asset(path.removeprefix(ASSETS))
        return self._documents.get(path)
