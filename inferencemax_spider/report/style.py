"""What curves look like: a colour per GPU from its vendor's family, a marker per framework, a dash per method.

NVIDIA is cool, AMD is warm, everyone else is grey. The colours were chosen by their distance in OKLab as people with
protanopia, deuteranopia and tritanopia see them; each has a contrast of at least 3 with the page. A look follows from
the hwKey alone: it is the same in every chart, and in every version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar
from zlib import crc32

from inferencemax_spider.hardware import base_gpu

Choice = TypeVar("Choice")

VENDORS: Final = ("NVIDIA", "AMD", "Other")

THEMES: Final[dict[str, dict[str, str]]] = {
    "light": {
        "page": "#f4f5f7",
        "card": "#ffffff",
        "text": "#1a1d24",
        "muted": "#5b6270",
        "line": "#dcdfe5",
        "accent": "#2a4bcc",
        "good": "#1b6e3c",
        "warn": "#8a5300",
        "bad": "#b3261e",
        "deep": "#1d3f9e",
        "on-deep": "#ffffff",
    },
    "dark": {
        "page": "#0d1015",
        "card": "#14181f",
        "text": "#e6e9ef",
        "muted": "#9da5b4",
        "line": "#2b313c",
        "accent": "#8fb0ff",
        "good": "#6fd39a",
        "warn": "#f0b95a",
        "bad": "#ff8a80",
        "deep": "#9dbcf5",
        "on-deep": "#0d1015",
    },
}
"""The colours of the page and of the charts' axes, by name."""


class Colour(NamedTuple):
    """One colour on a light page, and its counterpart on a dark one."""

    light: str
    dark: str


GPUS: Final[dict[str, dict[str, Colour]]] = {
    "NVIDIA": {
        "h100": Colour("#34396e", "#6f78b8"),
        "h200": Colour("#191a4b", "#3c7a80"),
        "b200": Colour("#3d30be", "#9dbcf5"),
        "b300": Colour("#6369e2", "#5e60ef"),
        "gb200": Colour("#149a8c", "#22b3c9"),
        "gb300": Colour("#23678d", "#c4fbf8"),
    },
    "AMD": {
        "mi300x": Colour("#8a2c14", "#b05c10"),
        "mi325x": Colour("#b8430b", "#dba76a"),
        "mi355x": Colour("#e8710a", "#de7b05"),
        "mi455x": Colour("#571704", "#f5cf66"),
    },
    "Other": {"": Colour("#595959", "#c4c4c4")},
}
"""The known GPUs by vendor, each family in the order in which it is listed; further GPUs share its colours."""

FAMILIES: Final = {"NVIDIA": r"g?[abhv]\d+|vr\d+|l\d+s?|rtx.*|gh\d+", "AMD": r"mi\d+.*"}
SYMBOLS: Final = {
    "": "circle",
    "trt": "square",
    "vllm": "diamond",
    "sglang": "triangle-up",
    "dynamo-trt": "square",
    "dynamo-vllm": "diamond",
    "dynamo-sglang": "triangle-up",
    "mori-sglang": "triangle-down",
    "atom": "pentagon",
    "mooncake-atom": "star",
}
"""Plotly's symbol of each known framework: what runs an engine on several nodes keeps the engine's."""
FURTHER_SYMBOLS: Final = ("cross", "x", "hexagon2")
METHODS: Final = frozenset({"mtp", "eagle", "eagle3", "medusa", "ngram"})


@dataclass(frozen=True)
class Look:
    """How a curve is drawn: ``symbol`` and ``dash`` are Plotly's names, ``light`` and ``dark`` its two colours."""

    vendor: str
    light: str
    dark: str
    symbol: str
    dash: str


def look(hwkey: str) -> Look:
    """Return what the curve of *hwkey* looks like.

    >>> look("mi355x_mori-sglang_mtp")
    Look(vendor='AMD', light='#e8710a', dark='#de7b05', symbol='triangle-down-open', dash='dashdot')
    """
    gpu, framework, method = parts(hwkey)
    vendor = vendor_of(gpu)
    several_nodes = "-" in framework
    dash = {(False, False): "solid", (True, False): "dash", (False, True): "dot", (True, True): "dashdot"}
    symbol = SYMBOLS.get(framework) or _pick(FURTHER_SYMBOLS, framework)
    return Look(
        vendor=vendor,
        **_colour(vendor, gpu)._asdict(),
        symbol=f"{symbol}-open" if method else symbol,
        dash=dash[several_nodes, bool(method)],
    )


def parts(hwkey: str) -> tuple[str, str, str]:
    """Return GPU, framework and speculative method of *hwkey*, each empty where it has none.

    >>> parts("gb200_mtp"), parts("b200_trt"), parts("gb200_dynamo-trt_mtp")
    (('gb200', '', 'mtp'), ('b200', 'trt', ''), ('gb200', 'dynamo-trt', 'mtp'))
    """
    framework, _, method = hwkey.partition("_")[2].partition("_")
    if framework in METHODS and not method:
        framework, method = "", framework
    return base_gpu(hwkey), framework, method


def vendor_of(gpu: str) -> str:
    """Return who makes *gpu*, as far as its name says."""
    return next((vendor for vendor, names in FAMILIES.items() if re.fullmatch(names, gpu)), VENDORS[-1])


def order(hwkey: str) -> tuple[int, int, str]:
    """Return what hwKeys are ordered by: vendor, generation of the GPU, name."""
    gpu = base_gpu(hwkey)
    vendor = vendor_of(gpu)
    known = list(GPUS[vendor])
    return VENDORS.index(vendor), known.index(gpu) if gpu in known else len(known), hwkey


def _colour(vendor: str, gpu: str) -> Colour:
    family = GPUS[vendor]
    return family.get(gpu) or _pick(tuple(family.values()), gpu)


def _pick(choices: tuple[Choice, ...], name: str) -> Choice:
    """Return the one of *choices* that always goes with *name*."""
    return choices[crc32(name.encode()) % len(choices)]
