"""The site's own description of its API: the only place that lists the display names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from inferencemax_spider.demo.api.shapes import AGENTIC_TRACES

Parameter = dict[str, Any]

V1: Final = "/api/v1"


def _parameter(name: str, schema: dict[str, Any], *, required: bool = False) -> Parameter:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _operation(summary: str, parameters: Iterable[Parameter] = ()) -> dict[str, Any]:
    responses = {
        "200": {"description": "Rows.", "content": {"application/json": {"schema": {}}}},
        "500": {"description": "The query failed."},
    }
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": responses}}


def document(names: Iterable[str]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a site whose models have the display *names*."""
    model = _parameter("model", {"type": "string", "enum": list(names)}, required=True)
    date = _parameter("date", {"type": "string", "format": "date"})
    kind = _parameter("benchmarkType", {"type": "string", "enum": [AGENTIC_TRACES]})
    lengths = [_parameter(name, {"type": "integer", "minimum": 1}) for name in ("isl", "osl")]
    exact = _parameter("exact", {"type": "boolean", "default": False})
    paths = {
        f"{V1}/availability": _operation("List available benchmark configurations"),
        f"{V1}/benchmarks": _operation("Read benchmark results", [model, date, kind, exact]),
        f"{V1}/benchmarks/history": _operation("Read benchmark history", [model, *lengths, kind]),
        f"{V1}/workflow-info": _operation("Read workflow provenance", [date]),
        f"{V1}/evaluations": _operation("List evaluation aggregates"),
        f"{V1}/reliability": _operation("List benchmark reliability"),
        f"{V1}/submissions": _operation("Read submission coverage"),
    }
    return {"openapi": "3.1.0", "info": {"title": "InferenceMAX demo API", "version": "1"}, "paths": paths}
