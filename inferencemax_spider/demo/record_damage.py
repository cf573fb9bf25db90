"""Faults of the records in an answer: each turns the list of records that should be sent into the one that is.

A fault does to the live API's rows what it does to the records of the static generation, where they have a counterpart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any, Final, Literal

from inferencemax_spider.demo.faults import Fault
from inferencemax_spider.hardware import hwkey

Record = dict[str, Any]
Change = Callable[[Record], Record]
RecordsDamage = Callable[[list[Record], Fault], list[Record]]

OVERFLOW: Final = "1e999"
MALFORMED_HWKEYS: Final = ("", "B200", "b200__trt", "_trt", "b200 trt", "b200_", "../x")


def generation(record: Record) -> Literal["static", "api"] | None:
    """Return which generation *record* is of; None for what is no record."""
    if "hwKey" in record:
        return "static"
    return "api" if "metrics" in record else None


def hwkey_of(record: Record) -> Any:
    """Return the hwKey of *record*, which the live API's rows have in parts."""
    if generation(record) == "static":
        return record["hwKey"]
    method = None if record.get("isl") is None else record["spec_method"]
    return hwkey(record["hardware"], record["framework"], method)


def _every_nth(static: Sequence[Change], api: Sequence[Change]) -> RecordsDamage:
    """Return the fault that makes the changes of a generation, one after the other in turn, to every nth record."""

    def damage(records: list[Record], fault: Fault) -> list[Record]:
        damaged = list(records)
        changes = {"static": cycle(static), "api": cycle(api)}
        for index in range(0, len(records), fault.every):
            kind = generation(records[index])
            damaged[index] = next(changes[kind])(records[index]) if kind else records[index]
        return damaged

    return damage


def _set(**fields: Any) -> Change:
    """Return the change of *fields* to fixed values."""
    return lambda record: {**record, **fields}


def _nested(name: str, **fields: Any) -> Change:
    """Return the change of *fields* in the object that is the field *name*."""
    return lambda record: {**record, name: {**record.get(name, {}), **fields}}


def _without(field: str) -> Change:
    return lambda record: {key: value for key, value in record.items() if key != field}


def _as_text(field: str) -> Change:
    return lambda record: {**record, field: str(record.get(field))}


def _same(record: Record) -> Record:
    return record


def _more_than_y(record: Record) -> Record:
    return _nested("tpPerGpu", y=record.get("y", 0) + 1)(record)


def _missing_hwkey(records: list[Record], fault: Fault) -> list[Record]:
    return [record for record in records if hwkey_of(record) != fault.hwkey]


def _duplicate(records: list[Record], fault: Fault) -> list[Record]:
    return [copy for index, record in enumerate(records) for copy in [record] * (1 + (index % fault.every == 0))]


def _drop(records: list[Record], fault: Fault) -> list[Record]:
    return [record for index, record in enumerate(records) if index % fault.every]


def _scale(records: list[Record], fault: Fault) -> list[Record]:
    return [_scaled(record, fault.factor) if hwkey_of(record) == fault.hwkey else record for record in records]


def _scaled(record: Record, factor: float) -> Record:
    """Return *record* with its throughput, and what follows from it, times *factor*."""
    if generation(record) == "api":
        metrics = record["metrics"]
        return {**record, "metrics": metrics | {"tput_per_gpu": metrics["tput_per_gpu"] * factor}}
    curves = {name: {**record[name], "y": record[name]["y"] * factor} for name in ("tpPerGpu", "tpPerMw")}
    costs = {name: {**record[name], "y": record[name]["y"] / factor} for name in ("costh", "costn", "costr")}
    return {**record, "y": record["y"] * factor, **curves, **costs}


def _rename(records: list[Record], fault: Fault) -> list[Record]:
    """Give the field of the fault another name, in the record and in its metrics."""
    return [_renamed(record, fault) for record in records]


def _renamed(record: Record, fault: Fault) -> Record:
    return {
        fault.name if key == fault.field else key: _renamed(value, fault) if key == "metrics" else value
        for key, value in record.items()
    }


RECORD_DAMAGE: Final[Mapping[str, RecordsDamage]] = {
    "wrong_types": _every_nth(
        [_as_text("conc"), _set(y=None), _set(hwKey=5), _without("tp"), _nested("tpPerGpu", roof="yes")],
        [_as_text("conc"), _set(metrics=None), _set(hardware=5), _without("precision"), _set(disagg="yes")],
    ),
    "nan": _every_nth(
        [_set(x=math.nan), _set(y=math.inf), _set(x=OVERFLOW), _set(y=-math.inf)],
        [
            _nested("metrics", median_e2el=math.nan),
            _nested("metrics", tput_per_gpu=math.inf),
            _nested("metrics", median_intvty=OVERFLOW),
            _nested("metrics", tput_per_gpu=-math.inf),
        ],
    ),
    "non_positive": _every_nth(
        [_set(x=0), _set(y=-1.5), _set(conc=0), _set(tp=-1)],
        [_set(conc=0), _set(decode_tp=-1), _set(num_prefill_gpu=-1), _set(isl=-1)],
    ),
    "y_mismatch": _every_nth([_more_than_y], [_same]),
    "malformed_hwkey": _every_nth(
        [_set(hwKey=hwkey) for hwkey in MALFORMED_HWKEYS], [_set(hardware=""), _set(framework="")]
    ),
    "unknown_field": _every_nth(
        [
            _set(image="vllm:0.11", power={"watts": 700, "source": "meter"}),
            _nested("tpPerGpu", unit="tok/s/GPU"),
        ],
        [_set(power={"watts": 700, "source": "meter"}), _nested("metrics", joules=1.5)],
    ),
    "duplicate": _duplicate,
    "drop": _drop,
    "missing_hwkey": _missing_hwkey,
    "scale": _scale,
    "rename": _rename,
}
"""The faults of records, by kind."""
