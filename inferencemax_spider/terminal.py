"""What a person reads when a run ends."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from inferencemax_spider.records import METRICS
from inferencemax_spider.storage.place import shown

WIDTH = 120
"""Columns of a table that does not go to a terminal."""

FEW_MODELS = 4
STYLES = {"complete": "bold green", "incomplete": "bold yellow", "failed": "bold red", "cancelled": "bold yellow"}


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ANSWERS = {"pass": "green", "skip": "dim", "error": "bold red", "warning": "yellow"}


class Output(Console):
    """A console for what a foreign site said: its control characters do not reach the terminal.

    It leaves it to its caller when nobody reads any more: Rich's own ends the process.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of *renderable*, without control characters but the ends of lines."""
        for segment in super().render(renderable, options):
            yield (
                segment
                if segment.control
                else segment._replace(text=_CONTROL.sub("\N{REPLACEMENT CHARACTER}", segment.text))
            )

    def on_broken_pipe(self) -> None:
        """Pass the error on."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each thing that is wrong with the run."""
    for name, reason in summary["output_errors"].items():
        yield f"cannot write {name}: {reason}"
    yield from failed_checks(summary)


def failed_checks(summary: Mapping[str, Any], severity: str = "error") -> Iterator[str]:
    """Yield one line for each finding of the checks of this *severity*."""
    for check in summary["checks"]:
        if check["status"] == "fail" and check.get("severity", "error") == severity:
            yield from check["findings"]


def notes(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each thing that is worth knowing and not wrong."""
    unknown = summary["unknown_fields"]
    if aside := {name: unknown[name] for name in unknown if name.removeprefix("metrics.") in METRICS}:
        yield f"values of metrics are no finite numbers: {_counted(aside)}; they are kept in the column `extra`"
    if fields := {name: unknown[name] for name in unknown if name not in aside}:
        yield f"records have a field that nobody declared: {_counted(fields)}; it is kept in the column `extra`"
    if carried := summary["carried_over"]:
        yield f"answers taken from the stored version {', '.join(carried)}"
    for hwkey, count in summary["unpriced_hwkeys"].items():
        yield f"{count} records of {hwkey} have no costs: the hardware edition does not know its GPU"


def _counted(names: dict[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names.items())


class Place(Protocol):
    """Where the files of a run are."""

    @property
    def folder(self) -> Path:
        """The folder that it works in."""

    @property
    def published(self) -> Path | None:
        """The version, once there is one."""


def show(console: Console, summary: Mapping[str, Any], place: Place) -> None:
    """Print the tables, the findings and where the files are."""
    console.print()
    console.print(_coverage(summary))
    console.print(_hwkeys(summary) if len(summary["hwkeys"]["models"]) <= FEW_MODELS else _hwkeys_listed(summary))
    console.print(_totals(summary), highlight=False)
    console.print(monitors(summary["checks"]))
    show_findings(console, summary)
    for line in notes(summary):
        console.print(Text(f"· {line}"), soft_wrap=True)
    status = summary["status"]
    console.print(Text.assemble((status.upper(), STYLES[status]), f": {_place(status, place)}"), soft_wrap=True)


def show_findings(console: Console, summary: Mapping[str, Any]) -> None:
    """Print one line for each thing that is wrong, and for each warning."""
    for line in findings(summary):
        console.print(Text(f"✗ {line}", style="red"), soft_wrap=True)
    for line in failed_checks(summary, "warning"):
        console.print(Text(f"! {line}", style="yellow"), soft_wrap=True)


def _coverage(summary: Mapping[str, Any]) -> Table:
    """Return the expected-versus-seen matrix: records by endpoint, or what became of it."""
    rows: dict[str, dict[str, Text]] = {}
    for row in summary["coverage"]:
        cells = rows.setdefault(row["model"], {})
        cells["\n".join(filter(None, (row["sequence"], row["data_type"]))) or "all"] = _cell(row)
    columns = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    table = Table(title="Records by endpoint", title_justify="left")
    table.add_column("model")
    for name in columns:
        table.add_column(name, justify="right")
    for model, cells in rows.items():
        table.add_row(model, *(cells.get(name, Text("not planned", style="dim")) for name in columns))
    return table


def _cell(row: dict[str, Any]) -> Text:
    if row["state"] != "ok":
        return Text(row["state"].replace("_", " "), style="red")
    cell = Text(str(sum(row["seen_hwkeys"].values())))
    for hwkey in row["missing_hwkeys"]:
        cell.append(f"\nno {hwkey}", style="red")
    return cell


def _hwkeys(summary: Mapping[str, Any]) -> Table:
    models = summary["hwkeys"]["models"]
    table = Table(title="Records by hwKey", title_justify="left")
    table.add_column("hwKey")
    for model in models:
        table.add_column(model, justify="right")
    table.add_column("run", justify="right")
    for hwkey, total in summary["hwkeys"]["run"].items():
        table.add_row(hwkey, *(str(counts.get(hwkey) or "–") for counts in models.values()), str(total))
    return table


def _hwkeys_listed(summary: Mapping[str, Any]) -> Table:
    """Return the hwKeys of many models, for which there is no room side by side."""
    table = Table("model", "hwKeys", "records by hwKey", title="Records by hwKey", title_justify="left")
    for model, counts in summary["hwkeys"]["models"].items():
        present = [f"{hwkey} {count}" for hwkey, count in counts.items() if count]
        table.add_row(model, str(len(present)), ", ".join(present))
    return table


def monitors(checks: Iterable[Mapping[str, Any]]) -> Table:
    """Return the answer of each monitor."""
    table = Table("monitor", "answer", "expected", "observed", title="Monitors", title_justify="left")
    for check in checks:
        answer = check.get("severity", "error") if check["status"] == "fail" else check["status"]
        table.add_row(check["name"], Text(answer, ANSWERS[answer]), Text(check["expected"]), Text(check["observed"]))
    return table


def _totals(summary: Mapping[str, Any]) -> str:
    endpoints = summary["endpoints"]
    states = ", ".join(
        f"{count} {state.replace('_', ' ')}" for state, count in endpoints.items() if count and state != "planned"
    )
    lines = [
        f"Endpoints: {endpoints['planned']} planned: {states}",
        f"Records: {summary['records']} valid, {summary['rejected']} rejected, {summary['b200_trt_count']} of b200_trt",
    ]
    if merged := summary["merged"]:
        lines.append(f"Merged: {merged['rows']} rows, {merged['rows'] - merged['matched']} unmatched")
    if (changes := summary.get("changes")) and changes["since"]:
        counts = ", ".join(f"{count} {state}" for state, count in changes["records"].items())
        lines.append(f"Since {changes['since']}: {counts}")
    times = summary["timings"]
    lines.append(f"Time: {times['seconds']} s, {times['requests']} requests, {times['retries']} retries")
    return "\n".join(lines)


def _place(status: str, place: Place) -> str:
    if place.published is None:
        return f"not published, the previous version stays; what was collected is in {place.folder}"
    if status == "failed":
        what = "nothing usable came, the previous version stays the latest; what did come is in"
        return f"{what} {shown(place.published)}"
    return shown(place.published)
