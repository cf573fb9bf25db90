"""What the tables of the live API are made of: workloads, the two sides of a deployment, deployments, models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final, NamedTuple

from inferencemax_spider.demo.sweeps import Effort

SINGLE_TURN: Final = "single_turn"
AGENTIC_TRACES: Final = "agentic_traces"


class Workload(NamedTuple):
    """What is asked of a deployment: requests of ``isl`` and ``osl`` tokens, or agentic traces, which have neither."""

    isl: int | None
    osl: int | None
    offload_mode: str = "off"

    @property
    def benchmark_type(self) -> str:
        """The name of the kind of benchmark, as rows carry it."""
        return AGENTIC_TRACES if self.isl is None else SINGLE_TURN

    @property
    def label(self) -> str:
        """A text that no other workload has."""
        return f"{self.isl}/{self.osl}/{self.offload_mode}"


class Side(NamedTuple):
    """The prefill or the decode side; without workers there is only one side, and both are written alike."""

    tp: int
    ep: int = 1
    num_workers: int = 0
    dp_attention: bool = False

    @property
    def gpus(self) -> int:
        """The GPU count of the rows: without workers it is tp × ep, although only ``tp`` GPUs are at work."""
        return self.tp * (self.num_workers or self.ep)


class Deployment(NamedTuple):
    """A way to run a model, swept over ``concs`` concurrent requests."""

    hardware: str
    framework: str
    precision: str
    spec_method: str
    prefill: Side
    decode: Side
    concs: Sequence[int]
    disagg: bool = False

    @property
    def is_multinode(self) -> bool:
        """Whether the sides have workers of their own."""
        return self.decode.num_workers > 0

    @property
    def gpus(self) -> int:
        """The number of GPUs at work."""
        return self.prefill.gpus + self.decode.gpus if self.is_multinode else self.decode.tp

    @property
    def label(self) -> str:
        """A text that no other deployment of the model has."""
        return "/".join(map(str, (*self[:4], *self.prefill, *self.decode, self.disagg)))


class Variant(NamedTuple):
    """A database key of a model, measured on dates from ``since`` to ``until`` (``YYYY-MM-DD``, both included)."""

    key: str
    since: str = ""
    until: str = "9999"

    def covers(self, date: str) -> bool:
        """Tell whether *date* is one on which this key was measured."""
        return self.since <= date <= self.until


class Suite(NamedTuple):
    """Deployments that are all measured with the same workloads."""

    workloads: tuple[Workload, ...]
    deployments: tuple[Deployment, ...]


class ApiModel(NamedTuple):
    """A model: the display ``name`` that requests take, and the database keys that rows carry."""

    name: str
    variants: tuple[Variant, ...]
    effort: Effort
    suites: tuple[Suite, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The database keys."""
        return tuple(variant.key for variant in self.variants)


def spread(tp: int, ep: int, num_workers: int = 0) -> Side:
    """Return a side whose attention is data-parallel."""
    return Side(tp, ep, num_workers, dp_attention=True)


def _kinds(text: str) -> list[tuple[str, str, str]]:
    """Return the hardware, framework and precision of each word ``hardware/framework/precision``."""
    words = (word.split("/") for word in text.split())
    return [(hardware, framework, precision) for hardware, framework, precision in words]


def one_node(
    kinds: str, tps: Iterable[int], concs: Sequence[int], *, ep: bool = False, spec: str = "none"
) -> tuple[Deployment, ...]:
    """Return a deployment for each of *kinds* (words ``hardware/framework/precision``), *tps* and *spec* (words).

    With *ep* the experts are spread over all GPUs, and attention is data-parallel.
    """
    sides = [spread(tp, tp) if ep else Side(tp) for tp in tps]
    return tuple(
        Deployment(*kind, method, side, side, concs)
        for kind, side, method in product(_kinds(kinds), sides, spec.split())
    )


def split(
    kinds: str, prefill: Side, decodes: Iterable[Side], concs: Sequence[int], spec: str = "none mtp"
) -> tuple[Deployment, ...]:
    """Return a disaggregated deployment for each of *kinds* (as in ``one_node``), *decodes* and *spec* (words)."""
    return tuple(
        Deployment(*kind, method, prefill, decode, concs, disagg=True)
        for kind, decode, method in product(_kinds(kinds), decodes, spec.split())
    )
