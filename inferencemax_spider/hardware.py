"""The hwKey grammar, and the power and prices of GPUs by edition.

A hwKey names a curve: base GPU, framework, speculative method, joined by underscores (``b200``, ``b200_trt``,
``gb200_dynamo-trt``, ``b200_trt_mtp``). The base GPU selects the power and the prices that derived metrics need.
The site revised both over time, so they come as editions, and a derived value must say which edition it used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, PositiveFloat

HWKEY_PATTERN: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+([.-][a-z0-9]+)*)*$"
"""The whole hwKey: a base GPU, then any number of ``_part``. No look-around: pydantic's engine has none."""


def base_gpu(hwkey: str) -> str:
    """Return the base GPU of a *hwkey*: what stands before the first underscore.

    >>> base_gpu("gb200_dynamo-trt")
    'gb200'
    """
    return hwkey.partition("_")[0]


FRAMEWORK_ALIASES: Final[Mapping[str, str]] = {
    "trtllm": "trt",
    "dynamo-trtllm": "dynamo-trt",
    "sglang-disagg": "mori-sglang",
    "atom-disagg": "mooncake-atom",
}


def hwkey(hardware: str, framework: str, spec_method: str | None) -> str:
    """Return the hwKey that the dashboard makes of a row of the API; *spec_method* is left off when ``none``.

    >>> hwkey("gb200-nvl72", "dynamo-trtllm", "mtp")
    'gb200_dynamo-trt_mtp'
    """
    parts = [hardware.partition("-")[0], FRAMEWORK_ALIASES.get(framework, framework)]
    return "_".join(parts if spec_method in {None, "none"} else [*parts, str(spec_method)])


class Gpu(BaseModel):
    """Power and prices of one GPU.

    ``power_kw`` is provisioned kW per GPU; ``costh``, ``costn`` and ``costr`` are US$ per GPU-hour at a hyperscaler,
    at a neocloud, and for rent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    power_kw: PositiveFloat
    costh: PositiveFloat
    costn: PositiveFloat
    costr: PositiveFloat


class Edition(BaseModel):
    """A dated state of power and prices; ``gpus`` maps a base GPU to its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    gpus: Mapping[str, Gpu]

    def gpu(self, hwkey: str) -> Gpu | None:
        """Return the GPU that *hwkey* runs on, or None when this edition does not know it."""
        return self.gpus.get(base_gpu(hwkey))


def _edition(name: str, source: str, gpus: Mapping[str, tuple[float, float, float, float]]) -> Edition:
    """Return the edition whose *gpus* are written as rows of power_kw, costh, costn, costr."""
    fields = ("power_kw", "costh", "costn", "costr")
    rows = {key: Gpu(**dict(zip(fields, row, strict=True))) for key, row in gpus.items()}
    return Edition(name=name, source=source, gpus=rows)


EDITIONS: Final[Mapping[str, Edition]] = {
    edition.name: edition
    for edition in (
        _edition(
            "2025-10",
            "dashboard of inferencemax.semianalysis.com, 2025-10; reproduces the static JSON bodies of that month",
            {
                "h100": (1.73, 1.30, 1.69, 1.30),
                "h200": (1.73, 1.41, 1.74, 1.60),
                "b200": (2.17, 1.95, 2.34, 2.90),
                "b300": (2.17, 2.34, 2.808, 3.48),
                "gb200": (2.10, 2.21, 2.75, 3.30),
                "gb300": (2.10, 2.652, 3.30, 3.96),
                "mi300x": (1.79, 1.12, 1.40, 1.55),
                "mi325x": (2.18, 1.28, 1.59, 1.80),
                "mi355x": (2.65, 1.48, 1.90, 2.10),
            },
        ),
        _edition(
            "2026-08",
            "dashboard of inferencex.semianalysis.com, 2026-08",
            {
                "h100": (1.37, 1.17, 1.55, 1.78),
                "h200": (1.37, 1.22, 1.59, 2.05),
                "b200": (1.71, 1.73, 2.07, 2.60),
                "b300": (1.90, 2.26, 2.52, 3.00),
                "gb200": (1.87, 1.86, 2.26, 2.60),
                "gb300": (2.12, 2.31, 2.79, 3.30),
                "mi300x": (1.39, 0.95, 1.16, 1.30),
                "mi325x": (1.69, 1.10, 1.32, 1.60),
                "mi355x": (2.09, 1.50, 2.09, 2.10),
            },
        ),
    )
}
"""Every known edition by its name, oldest first."""
