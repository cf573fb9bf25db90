"""The colours are measured: how far apart they are for people who see colours in different ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from inferencemax_spider.report import style

VISIONS = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Linear RGB as it is seen: Machado, Oliveira, Fernandes (2009), severity 1."""
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
MODES = ("light", "dark")
HWKEYS = ("b200_trt", "b200_trt_mtp", "b200_vllm", "gb200_dynamo-trt", "mi355x_mori-sglang_mtp", "mi355x_sglang")


def linear(colour: str) -> npt.NDArray[np.float64]:
    """Return linear RGB of ``#rrggbb``."""
    values = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def distance(one: str, other: str, vision: str) -> float:
    """Return how far apart two colours are seen: in OKLab, black to white is 100."""
    seen = [OKLAB @ np.cbrt(LMS @ np.clip(VISIONS[vision] @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(100 * np.linalg.norm(seen[0] - seen[1]))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, 1 to 21."""
    lights = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (one, other))
    return lights[1] / lights[0]


def family(vendor: str, mode: str) -> list[str]:
    """Return the colours of the GPUs of *vendor*."""
    return [getattr(colour, mode) for colour in style.GPUS[vendor].values()]


def pairs(mode: str) -> Iterator[tuple[str, str]]:
    """Yield all pairs of colours of different vendors."""
    for one, other in itertools.combinations(style.VENDORS, 2):
        yield from itertools.product(family(one, mode), family(other, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vision", VISIONS)
def test_vendors_are_told_apart_by_everyone(vision: str, mode: str) -> None:
    assert min(distance(*pair, vision) for pair in pairs(mode)) > 7


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("vendor", ["NVIDIA", "AMD"])
def test_gpus_of_a_vendor_are_told_apart_by_everyone(vendor: str, vision: str, mode: str) -> None:
    assert min(distance(*pair, vision) for pair in itertools.combinations(family(vendor, mode), 2)) > 5


@pytest.mark.parametrize("mode", MODES)
def test_colours_stand_out(mode: str) -> None:
    card = style.THEMES[mode]["card"]
    assert min(contrast(colour, card) for vendor in style.VENDORS for colour in family(vendor, mode)) > 3
    assert min(contrast(style.THEMES[mode][name], card) for name in ("text", "muted", "good", "warn", "bad")) > 4.5


def test_curves_of_one_gpu_look_different() -> None:
    looks = [style.look(hwkey) for hwkey in HWKEYS]
    assert len({(look.light, look.symbol, look.dash) for look in looks}) == len(HWKEYS)
    assert {look.light for look in looks[:3]} == {style.GPUS["NVIDIA"]["b200"].light}
    assert [look.symbol for look in looks[:2]] == ["square", "square-open"]
    assert [look.dash for look in looks] == ["solid", "dot", "solid", "dash", "dashdot", "solid"]


@pytest.mark.parametrize(
    ("gpu", "vendor"),
    [
        ("b200", "NVIDIA"),
        ("gb300", "NVIDIA"),
        ("vr200", "NVIDIA"),
        ("mi455x", "AMD"),
        ("tpu7x", "Other"),
        ("b", "Other"),
    ],
)
def test_vendors_are_known_by_the_names_of_their_gpus(gpu: str, vendor: str) -> None:
    look = style.look(f"{gpu}_engine")
    assert look.vendor == vendor
    assert look.light in family(vendor, "light")


@pytest.mark.parametrize(
    ("hwkey", "parts"),
    [
        ("b200", ("b200", "", "")),
        ("gb200_mtp", ("gb200", "", "mtp")),
        ("b200_trt", ("b200", "trt", "")),
        ("gb200_dynamo-trt_mtp", ("gb200", "dynamo-trt", "mtp")),
    ],
)
def test_parts_of_a_hwkey(hwkey: str, parts: tuple[str, str, str]) -> None:
    assert style.parts(hwkey) == parts


def test_order_is_by_vendor_and_generation() -> None:
    hwkeys = {"tpu7x", "mi355x", "mi300x", "rtx6000", "gb200", "b200_trt", "b200", "h100"}
    ordered = ["h100", "b200", "b200_trt", "gb200", "rtx6000", "mi300x", "mi355x", "tpu7x"]
    assert sorted(hwkeys, key=style.order) == ordered
