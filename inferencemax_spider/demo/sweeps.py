"""What the demo site's benchmark measures: hwKeys, precisions, tensor parallelisms and concurrencies of each model.

The shapes follow the site of October 2025 (which hwKeys a model has, how many records each), the numbers are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Sweep(NamedTuple):
    """One curve: a hwKey at one precision and tensor parallelism, run at each of ``concs`` concurrent requests."""

    hwkey: str
    precision: str
    tp: int
    concs: Sequence[int]


class Effort(NamedTuple):
    """What a model asks of an H100 at fp8 and tp 1.

    ``step_s`` is the time of one decode step, ``batch_s`` what each concurrent request adds to it, ``prefill_s`` the
    time to read one input token; all in seconds.
    """

    step_s: float
    batch_s: float
    prefill_s: float


SPEED: Final[Mapping[str, float]] = {
    "h100": 1.0,
    "h200": 1.2,
    "b200": 2.1,
    "gb200": 2.6,
    "mi300x": 0.95,
    "mi325x": 1.05,
    "mi355x": 1.7,
    "trt": 1.25,
    "mtp": 1.5,
    "fp4": 1.3,
}
"""How many times as fast as an H100 at fp8 a base GPU is, and by how much a framework, method or precision helps."""

EFFORTS: Final[Mapping[str, Effort]] = {
    "deepseek-r1-0528": Effort(step_s=0.048, batch_s=0.0008, prefill_s=0.00012),
    "gpt-oss-120b": Effort(step_s=0.010, batch_s=0.0004, prefill_s=0.00003),
    "llama-3_3-70b-instruct-fp8": Effort(step_s=0.030, batch_s=0.0003, prefill_s=0.00008),
}


def powers(first: int, last: int) -> tuple[int, ...]:
    """Return the powers of two from *first* to *last*, both of them included."""
    return tuple(2**n for n in range(first.bit_length() - 1, last.bit_length()))


def grid(hwkeys: str, precisions: str, tps: Iterable[int], concs: Sequence[int]) -> tuple[Sweep, ...]:
    """Return a sweep for each combination of *hwkeys* and *precisions* (words) with *tps*."""
    tps = tuple(tps)
    return tuple(Sweep(h, p, tp, concs) for h in hwkeys.split() for p in precisions.split() for tp in tps)


GPT_OSS: Final = (
    *grid("b200 b200_trt h200 h200_trt mi300x mi325x", "fp4", (1, 2, 4, 8), powers(4, 64)),
    *grid("h100", "fp4", (2, 4, 8), powers(4, 64)),
    *grid("mi355x", "fp4", (1, 4, 8), powers(4, 64)),
)

LLAMA: Final = (
    *grid("b200_trt", "fp4 fp8", (1, 2, 4, 8), powers(4, 128)),
    *grid("b200 mi355x", "fp4 fp8", (1, 2, 4, 8), powers(4, 64)),
    *grid("h200 mi300x", "fp8", (1, 2, 4, 8), powers(4, 64)),
    *grid("h200_trt", "fp8", (1, 4, 8), powers(4, 128)),
    *grid("h200_trt", "fp8", (2,), powers(4, 64)),
    *grid("h100", "fp8", (2, 4, 8), powers(4, 64)),
    *grid("mi325x", "fp8", (1, 4), powers(4, 32)),
    *grid("mi325x", "fp8", (2, 8), powers(4, 64)),
)

DEEPSEEK: Final = (
    *grid("b200", "fp4", (4, 8), powers(4, 128)),
    *grid("b200_trt", "fp4", (4, 8), powers(4, 256)),
    *grid("mi355x", "fp4", (4, 8), powers(4, 64)),
    *grid("b200 b200_trt mi355x h200 h200_trt mi300x mi325x", "fp8", (8,), powers(4, 64)),
    *grid("gb200", "fp4", (36,), powers(4, 1024)),
    *grid("gb200", "fp4", (24,), powers(64, 4096)),
    *grid("gb200", "fp8", (72,), powers(32, 4096)),
    *grid("gb200_mtp", "fp4", (36,), powers(4, 256)),
    *grid("gb200_mtp", "fp4", (24,), powers(512, 4096)),
)

SWEEPS: Final[Mapping[str, tuple[Sweep, ...]]] = {
    "deepseek-r1-0528": DEEPSEEK,
    "gpt-oss-120b": GPT_OSS,
    "llama-3_3-70b-instruct-fp8": LLAMA,
}
"""The sweeps of each model, by its slug."""

OTHER_MODEL: Final = "gpt-oss-120b"
"""The slug whose sweeps and effort stand in for a model that the tables do not know."""
