"""Faults of the answer: each turns the resource that should be sent into the one that is.

``DAMAGE`` maps the kind of a fault to its function. Those that damage records work on a JSON array, bare or in the
``{"data": …}`` envelope, and pass any other body unchanged.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from itertools import cycle
from typing import Any, Final

from inferencemax_spider.demo.content import HTML, JSON, Resource
from inferencemax_spider.demo.faults import Fault

Record = dict[str, Any]
Damage = Callable[[Resource, Fault], Resource]
Change = Callable[[Record], Record]
RecordsDamage = Callable[[list[Record], Fault], list[Record]]

PAGE: Final = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
OVERFLOW: Final = "1e999"
MALFORMED_HWKEYS: Final = ("", "B200", "b200__trt", "_trt", "b200 trt", "b200_", "../x")


def html_page(title: str, status: int = 200) -> Resource:
    """Return an HTML page that says *title*."""
    return Resource(PAGE.format(title=title).encode(), HTML, status)


def _error(code: int, headers: Mapping[str, str] | None = None) -> Resource:
    """Return an error in the site's form, ``{"error": "…"}``."""
    phrase = HTTPStatus(code).phrase if code in set(HTTPStatus) else "Unknown status"
    return Resource(json.dumps({"error": phrase}).encode(), status=code, headers=headers or {})


def _status(_: Resource, fault: Fault) -> Resource:
    code = fault.code or 500
    if fault.body is None:
        return _error(code)
    return Resource(fault.body.encode(), HTML if fault.body.startswith("<") else JSON, code)


def _retry_after(_: Resource, fault: Fault) -> Resource:
    wait = math.ceil(fault.seconds)
    value = formatdate(time.time() + wait, usegmt=True) if fault.http_date else str(wait)
    return _error(fault.code or 503, {"Retry-After": value})


def _redirect(_: Resource, fault: Fault) -> Resource:
    return Resource(b"", HTML, fault.code or 302, {"Location": fault.to})


def _html(_: Resource, _fault: Fault) -> Resource:
    return html_page("Welcome")


def _empty(resource: Resource, _fault: Fault) -> Resource:
    return replace(resource, body=b"[]")


def _half_array(resource: Resource, _fault: Fault) -> Resource:
    return replace(resource, body=resource.body[: len(resource.body) // 2])


def _not_utf8(resource: Resource, _fault: Fault) -> Resource:
    half = len(resource.body) // 2
    return replace(resource, body=resource.body[:half] + b"\xff" + resource.body[half:])


def _oversize(resource: Resource, fault: Fault) -> Resource:
    return replace(resource, body=resource.body.ljust(fault.size))


def _encoded(resource: Resource, body: bytes) -> Resource:
    """Return *resource* with *body*, which claims to be gzip."""
    return replace(resource, body=body, headers={**resource.headers, "Content-Encoding": "gzip"})


def _broken_gzip(resource: Resource, _fault: Fault) -> Resource:
    # 0xff begins a deflate block of the reserved type, which every decoder refuses; ten bytes are the gzip header.
    return _encoded(resource, resource.gzipped[:10] + b"\xff" * (len(resource.gzipped) - 10))


def _truncated_gzip(resource: Resource, _fault: Fault) -> Resource:
    return _encoded(resource, resource.gzipped[: len(resource.gzipped) // 2])


def _dumps(document: object) -> bytes:
    """Return *document* as compact JSON, with NaN and Infinity, and a number that overflows for ``OVERFLOW``."""
    return json.dumps(document, separators=(",", ":")).replace(f'"{OVERFLOW}"', OVERFLOW).encode()


def _document(resource: Resource) -> object:
    """Return the JSON document of *resource*, or None when it has none."""
    try:
        return json.loads(resource.body)
    except ValueError:
        return None


def _on_records(damage: RecordsDamage) -> Damage:
    """Return the fault that applies *damage* to the records of a body."""

    def damaged(resource: Resource, fault: Fault) -> Resource:
        document = _document(resource)
        if isinstance(document, list):
            return replace(resource, body=_dumps(damage(document, fault)))
        if isinstance(document, dict) and isinstance(document.get("data"), list):
            return replace(resource, body=_dumps({**document, "data": damage(document["data"], fault)}))
        return resource

    return damaged


def _every_nth(*changes: Change) -> Damage:
    """Return the fault that makes *changes*, one after the other in turn, to every nth record."""

    def damage(records: list[Record], fault: Fault) -> list[Record]:
        damaged = list(records)
        for change, index in zip(cycle(changes), range(0, len(records), fault.every), strict=False):
            damaged[index] = change(records[index])
        return damaged

    return _on_records(damage)


def _set(**fields: Any) -> Change:
    """Return the change of *fields* to fixed values."""
    return lambda record: {**record, **fields}


def _set_metric(record: Record, **fields: Any) -> Record:
    """Return *record* with *fields* changed in its nested ``tpPerGpu``."""
    return {**record, "tpPerGpu": {**record.get("tpPerGpu", {}), **fields}}


def _without(field: str) -> Change:
    return lambda record: {key: value for key, value in record.items() if key != field}


def _missing_hwkey(records: list[Record], fault: Fault) -> list[Record]:
    return [record for record in records if record.get("hwKey") != fault.hwkey]


def _duplicate(records: list[Record], fault: Fault) -> list[Record]:
    return [copy for index, record in enumerate(records) for copy in [record] * (1 + (index % fault.every == 0))]


def _envelope(resource: Resource, _fault: Fault) -> Resource:
    records = _document(resource)
    if not isinstance(records, list):
        return resource
    gpus = sorted({str(record.get("hwKey")) for record in records})
    return replace(resource, body=_dumps({"data": records, "gpus": gpus}))


DAMAGE: Final[Mapping[str, Damage]] = {
    "status": _status,
    "retry_after": _retry_after,
    "redirect": _redirect,
    "html": _html,
    "empty": _empty,
    "half_array": _half_array,
    "not_utf8": _not_utf8,
    "oversize": _oversize,
    "broken_gzip": _broken_gzip,
    "truncated_gzip": _truncated_gzip,
    "envelope": _envelope,
    "wrong_types": _every_nth(
        lambda record: {**record, "conc": str(record.get("conc"))},
        _set(y=None),
        _set(hwKey=5),
        _without("tp"),
        lambda record: _set_metric(record, roof="yes"),
    ),
    "nan": _every_nth(_set(x=math.nan), _set(y=math.inf), _set(x=OVERFLOW), _set(y=-math.inf)),
    "non_positive": _every_nth(_set(x=0), _set(y=-1.5), _set(conc=0), _set(tp=-1)),
    "y_mismatch": _every_nth(lambda record: _set_metric(record, y=record.get("y", 0) + 1)),
    "malformed_hwkey": _every_nth(*(_set(hwKey=hwkey) for hwkey in MALFORMED_HWKEYS)),
    "unknown_field": _every_nth(
        _set(image="vllm:0.11", power={"watts": 700, "source": "meter"}),
        lambda record: _set_metric(record, unit="tok/s/GPU"),
    ),
    "duplicate": _on_records(_duplicate),
    "missing_hwkey": _on_records(_missing_hwkey),
}
"""The faults of the answer, by kind."""
