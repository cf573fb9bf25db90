"""Generate the bodies of the static JSON generation: the same for the same seed, on any machine.

A run is measured once and published twice: as a point of the e2e body and as one of the interactivity body. Behind it
is a simple picture of serving. A decode step takes a fixed time and a little more for each concurrent request, so
more concurrency means more throughput per GPU, less interactivity and more latency; and the end-to-end latency is the
time to first token (TTFT) plus the output tokens at the speed of decoding.
"""

from __future__ import annotations

import json
import math
import random
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES, DataType, Model, Sequence
from inferencemax_spider.demo.sweeps import EFFORTS, LLAMA, OTHER_MODEL, SPEED, SWEEPS, Effort, Sweep
from inferencemax_spider.hardware import EDITIONS, base_gpu
from inferencemax_spider.metrics import cost_per_million, pareto_front, tp_per_mw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EDITION: Final = EDITIONS["2025-10"]
FOLDER: Final = "/data/inference-performance"
DEFAULT_SEED: Final = 20251025

LENGTH: Final = 0.9
"""Mean length of a request as a part of its nominal ``isl`` and ``osl``: the benchmark draws lengths of 0.8 to 1."""

Record = dict[str, Any]


class Endpoint(NamedTuple):
    """One URL of the site: a model at a sequence, by data type."""

    model: Model
    sequence: Sequence
    data_type: DataType

    @property
    def path(self) -> str:
        """The URL path, from the root."""
        return f"{FOLDER}/{self.model.slug}-{self.sequence.slug}-{self.data_type}.json"


class Run(NamedTuple):
    """One benchmark run: its identity, then ``e2e`` in s, ``interactivity`` in tok/s/user and ``y`` in tok/s/GPU."""

    conc: int
    hwkey: str
    precision: str
    tp: int
    e2e: float
    interactivity: float
    y: float


class Curve(NamedTuple):
    """How one sweep behaves: its effort, on its hardware, at its tensor parallelism."""

    sweep: Sweep
    effort: Effort

    def run(self, conc: int, sequence: Sequence) -> Run:
        """Measure at *conc* concurrent requests of *sequence*; the three numbers have three decimals."""
        per_token = self.effort.step_s + conc * self.effort.batch_s
        ttft = sequence.isl * self.effort.prefill_s * (1 + conc / 8)
        e2e = ttft + LENGTH * sequence.osl * per_token
        y = conc * LENGTH * (sequence.isl + sequence.osl) / e2e / self.sweep.tp
        numbers = (round(value, 3) for value in (e2e, 1 / per_token, y))
        return Run(conc, self.sweep.hwkey, self.sweep.precision, self.sweep.tp, *numbers)


def _speed(sweep: Sweep) -> float:
    """Return how many times as fast as an H100 at fp8 the hardware and software of *sweep* are."""
    return math.prod(SPEED.get(part, 1.0) for part in (*sweep.hwkey.split("_"), sweep.precision))


def _scaled(effort: Effort, sweep: Sweep, rng: random.Random) -> Effort:
    """Return *effort* as *sweep* needs it, give or take what differs between two builds.

    Square roots rather than powers: they are exact to the last bit on every machine.
    """
    speed, wide = _speed(sweep), math.sqrt(sweep.tp)
    return Effort(
        step_s=effort.step_s / speed / math.sqrt(wide) * rng.uniform(0.95, 1.05),
        batch_s=effort.batch_s / speed / wide * rng.uniform(0.95, 1.05),
        prefill_s=effort.prefill_s / speed / wide * rng.uniform(0.95, 1.05),
    )


def _number(value: float) -> float:
    """Round *value* as the site does: three decimals, and a whole number without any."""
    rounded = round(value, 3)
    return int(rounded) if rounded.is_integer() else rounded


def _record(run: Run, x: float, *, roof: bool) -> Record:
    """Return the record of *run*, its keys in the site's order.

    All flags are one: per MW and per dollar only rescale y, and the site flags before it rounds.
    """
    gpu = EDITION.gpus[base_gpu(run.hwkey)]
    derived = {
        "tpPerGpu": run.y,
        "tpPerMw": tp_per_mw(run.y, gpu.power_kw),
        "costh": cost_per_million(run.y, gpu.costh),
        "costn": cost_per_million(run.y, gpu.costn),
        "costr": cost_per_million(run.y, gpu.costr),
    }
    record: Record = {"x": _number(x), "y": _number(run.y), "conc": run.conc, "tp": run.tp, "hwKey": run.hwkey}
    record["precision"] = run.precision
    return record | {key: {"y": _number(value), "roof": roof} for key, value in derived.items()}


def _roofs(runs: list[Run], data_type: DataType) -> list[bool]:
    """Tell for each of *runs* whether it is on the Pareto front of its hwKey."""
    curves: dict[str, list[int]] = {}
    for index, run in enumerate(runs):
        curves.setdefault(run.hwkey, []).append(index)
    roofs = [False] * len(runs)
    for indices in curves.values():
        x = [getattr(runs[index], data_type) for index in indices]
        y = [runs[index].y for index in indices]
        flags = pareto_front(x, y, smaller_x=data_type == "e2e", larger_y=True)
        for index, flag in zip(indices, flags.tolist(), strict=True):
            roofs[index] = flag
    return roofs


def _body(runs: Iterable[Run], data_type: DataType) -> bytes:
    """Return *runs* as the compact JSON array that the site serves for *data_type*."""
    runs = list(runs)
    roofs = zip(runs, _roofs(runs, data_type), strict=True)
    records = [_record(run, getattr(run, data_type), roof=roof) for run, roof in roofs]
    return json.dumps(records, separators=(",", ":")).encode()


class Dataset:
    """The benchmark that the demo site publishes.

    The same *seed*, *models* and *sequences* give the same bytes. A model that the tables do not know is measured
    like gpt-oss 120B, with numbers of its own.
    """

    def __init__(
        self,
        seed: int = DEFAULT_SEED,
        models: Iterable[Model] = MODELS,
        sequences: Iterable[Sequence] = SEQUENCES,
    ) -> None:
        """Prepare the data of *seed*; nothing is generated before it is asked for."""
        self.seed = seed
        self.models = tuple(models)
        self.sequences = tuple(sequences)

    @cached_property
    def _paths(self) -> dict[str, Endpoint]:
        endpoints = (Endpoint(m, s, d) for m in self.models for s in self.sequences for d in DATA_TYPES)
        return {endpoint.path: endpoint for endpoint in endpoints}

    def paths(self) -> dict[str, Endpoint]:
        """Return every endpoint by its URL path: models × sequences × data types."""
        return dict(self._paths)

    def body(self, model: Model, sequence: Sequence, data_type: DataType) -> bytes:
        """Return the body of one endpoint: a compact JSON array of flat records.

        The two data types of a model and sequence hold the same runs in the same order.
        """
        return _body(self._published(model, sequence), data_type)

    def big_body(self, records: int, data_type: DataType) -> bytes:
        """Return one body of that many *records* (some 270 bytes each), every identity in it once."""
        concs = range(1, -(-records // len(LLAMA)) + 1)
        sweeps = (sweep._replace(concs=concs) for sweep in LLAMA)
        return _body(islice(self._runs(self.models[0], self.sequences[0], sweeps), records), data_type)

    def _published(self, model: Model, sequence: Sequence) -> list[Run]:
        """Return the runs in the site's order: one hwKey after the other, within it none in particular."""
        runs = list(self._runs(model, sequence, SWEEPS.get(model.slug, SWEEPS[OTHER_MODEL])))
        self._random(model.slug, sequence.slug).shuffle(runs)
        rank = {run.hwkey: index for index, run in reversed(tuple(enumerate(runs)))}
        return sorted(runs, key=lambda run: rank[run.hwkey])

    def _runs(self, model: Model, sequence: Sequence, sweeps: Iterable[Sweep]) -> Iterator[Run]:
        effort = EFFORTS.get(model.slug, EFFORTS[OTHER_MODEL])
        for sweep in sweeps:
            rng = self._random(model.slug, sweep.hwkey, sweep.precision, sweep.tp)
            curve = Curve(sweep, _scaled(effort, sweep, rng))
            yield from (curve.run(conc, sequence) for conc in sweep.concs)

    def _random(self, *scope: object) -> random.Random:
        """Return a generator of its own for *scope*, so that no part of the data depends on the order of asking."""
        return random.Random("/".join(map(str, (self.seed, *scope))))  # noqa: S311 - made-up numbers, not secrets
