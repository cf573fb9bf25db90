"""Faults of the answer: each turns the resource that should be sent into the one that is.

``DAMAGE`` maps the kind of a fault to its function. Those that damage records (see ``record_damage``) work on a JSON
array, bare or in the ``{"data": …}`` envelope, and pass any other body unchanged.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from html import escape
from http import HTTPStatus
from typing import Any, Final, TypeGuard

from inferencemax_spider.demo.content import HTML, JSON, Resource, script_json
from inferencemax_spider.demo.faults import KINDS, PAGE_KINDS, Fault
from inferencemax_spider.demo.record_damage import OVERFLOW, RECORD_DAMAGE, Record, RecordsDamage, generation, hwkey_of

Damage = Callable[[Resource, Fault], Resource]

PRE: Final = "<html><head></head><body><pre>{}</pre></body></html>"
PAGE_CONFIG: Final = b'<script type="application/json" id="config">'
"""What a dashboard's page has, and no other resource."""
PAGE: Final = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"


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


def _on_records(damage: RecordsDamage) -> Damage:
    """Return the fault that applies *damage* to the records of a body."""

    def damaged(resource: Resource, fault: Fault) -> Resource:
        document = _document(resource)
        if _are_records(document):
            return replace(resource, body=_dumps(damage(document, fault)))
        if isinstance(document, dict) and _are_records(document.get("data")):
            return replace(resource, body=_dumps({**document, "data": damage(document["data"], fault)}))
        return resource

    return damaged


def _document(resource: Resource) -> Any:
    """Return the JSON document of *resource*, or None when it has none."""
    try:
        return json.loads(resource.body)
    except ValueError:
        return None


def _dumps(document: object) -> bytes:
    """Return *document* as compact JSON, with NaN and Infinity, and a number that overflows for ``OVERFLOW``."""
    return json.dumps(document, separators=(",", ":")).replace(f'"{OVERFLOW}"', OVERFLOW).encode()


def _are_records(document: object) -> TypeGuard[list[Record]]:
    """Tell whether *document* is a list of records of either generation; the list of what is available is none."""
    return isinstance(document, list) and all(isinstance(row, dict) and generation(row) for row in document)


def _envelope(resource: Resource, _fault: Fault) -> Resource:
    records = _document(resource)
    if not _are_records(records):
        return resource
    gpus = sorted({str(hwkey_of(record)) for record in records})
    return replace(resource, body=_dumps({"data": records, "gpus": gpus}))


def _pre(resource: Resource, _fault: Fault) -> Resource:
    """Wrap a JSON document as a browser shows one that is opened directly."""
    if resource.content_type != JSON:
        return resource
    return replace(resource, body=PRE.format(escape(resource.body.decode())).encode(), content_type=HTML)


def _on_page(resource: Resource, fault: Fault) -> Resource:
    """Tell a dashboard's page of *fault*: its scripts do the rest."""
    head, page_config, rest = resource.body.partition(PAGE_CONFIG)
    if resource.content_type != HTML or not page_config:
        return resource
    parameters = {name: getattr(fault, name) for name in KINDS[fault.kind]}
    note = f'<script type="application/json" data-fault="{fault.kind}">{script_json(parameters)}</script>\n    '
    return replace(resource, body=head + note.encode() + page_config + rest)


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
    "pre": _pre,
    **{kind: _on_records(damage) for kind, damage in RECORD_DAMAGE.items()},
    **dict.fromkeys(PAGE_KINDS, _on_page),
}
"""The faults of the answer, by kind."""
