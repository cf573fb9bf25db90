"""Recorded bodies of the live API, served under its paths: one model, and what the site said about all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from inferencemax_spider.demo.api.bodies import dumps
from inferencemax_spider.demo.api.content import ApiError, Query, answered, beside_answers, first_values, history_of
from inferencemax_spider.demo.api.openapi import V1
from inferencemax_spider.demo.content import Resource

MODEL: Final = "DeepSeek-R1-0528"
"""The display name of the model whose rows were recorded."""
OTHERS: Final = (
    "DeepSeek-V4-Pro",
    "gpt-oss-120b",
    "Llama-3.3-70B-Instruct-FP8",
    "Qwen-3.5-397B-A17B",
    "Kimi-K2.5",
    "MiniMax-M2.5",
    "GLM-5",
)
"""The display names of the models that the recorded availability tells of, and that have no rows here."""

FILES: Final = ("availability", "evaluations", "reliability", "submissions")
NEEDED: Final = ("availability.json", "benchmarks.json")


class RecordedApi:
    """The files of a folder (``availability.json``, ``benchmarks.json`` …) under the paths of the API.

    Bodies that a query does not narrow are sent as they were recorded, byte for byte. There is no OpenAPI document, as
    on the deployment that was recorded. As of a date are those recorded rows that are not newer.
    """

    NAMES: Final = (MODEL, *OTHERS)
    """The display names that are known here."""

    def __init__(self, root: Path) -> None:
        """Publish the files in *root*, read again for each request.

        Raises:
            NotADirectoryError: *root* does not hold recorded bodies.
        """
        if not self.is_in(root):
            raise NotADirectoryError(f"no recorded bodies of the API: {root}")
        self._root = root
        self._routes: dict[str, Callable[[Query], bytes]] = {
            f"{V1}/{name}": lambda _, name=name: self._read(name)  # type: ignore[misc] # mypy 2: default of a lambda
            for name in FILES
        }
        self._routes |= {
            f"{V1}/benchmarks": self._benchmarks,
            f"{V1}/benchmarks/history": self._history,
            f"{V1}/workflow-info": self._workflow_info,
        }

    @staticmethod
    def is_in(root: Path) -> bool:
        """Tell whether *root* holds recorded bodies of the API."""
        return all((root / name).is_file() for name in NEEDED)

    def get(self, path: str, query: str) -> Resource | None:
        """Return the answer to *path* with *query*, or None for a path outside the API, or without a file."""
        route = self._routes.get(path)
        if route is None:
            return beside_answers(path, query)
        try:
            return answered(lambda: route(first_values(query)))
        except FileNotFoundError:
            return None

    def _read(self, name: str) -> bytes:
        return (self._root / f"{name}.json").read_bytes()

    def _rows(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self._read(name))
        return rows

    def _is_recorded(self, query: Query) -> bool:
        name = query.get("model")
        if name not in self.NAMES:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Unknown model")
        return name == MODEL

    def _benchmarks(self, query: Query) -> bytes:
        if not self._is_recorded(query):
            return b"[]"
        date = query.get("date")
        if date is None:
            return self._read("benchmarks")
        exact = query.get("exact") == "true"
        rows = self._rows("benchmarks")
        return dumps([row for row in rows if (row["date"] == date if exact else row["date"] <= date)])

    def _history(self, query: Query) -> bytes:
        sequence = history_of(query)
        if not self._is_recorded(query):
            return b"[]"
        return dumps([row for row in self._rows("benchmarks-history") if (row["isl"], row["osl"]) == sequence])

    def _workflow_info(self, query: Query) -> bytes:
        body, date = self._read("workflow-info"), query.get("date")
        dates = {run["date"] for run in json.loads(body)["runs"]}
        return body if date is None or date in dates else dumps({"runs": [], "changelogs": [], "configs": []})
