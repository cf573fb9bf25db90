"""What is said: what is wrong, how much, since which version, and where the report is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inferencemax_spider import terminal
from inferencemax_spider.errors import one_line
from inferencemax_spider.notify.rules import recovered
from inferencemax_spider.storage.place import shown

MOST_FINDINGS = 20
MOST_GROUPS = 5
MOST_OF_OTHERS = 5
MOST_CHARACTERS = 3500
REPORT = "report.html"


@dataclass(frozen=True)
class Message:
    """A title of one line and a body of several, in plain text, short enough for a chat."""

    title: str
    body: str


def compose(summary: Mapping[str, Any], before: Mapping[str, Any] | None, place: Path) -> Message:
    """Return what to say of the run of this *summary*, whose files are in *place*.

    *before* is the summary of the run before.
    """
    status = "complete again" if recovered(summary, before) else summary["status"].upper()
    lines = (*_choice(summary), *_counts(summary), *_findings(summary), *_changes(summary), *_where(summary, place))
    collected = "collect, by " if "collected_by" in summary else ""
    title = f"inferencemax-spider: {collected}{summary['spider']} {status}"
    return Message(one_line(title), _cut([*map(one_line, lines)]))


def nothing(status: str, why: str, candidates: Iterable[Mapping[str, Any]], place: Path | None) -> Message:
    """Return what to say where a collection brought nothing to publish; what was published before is in *place*."""
    stays = f"what was before stays in {place}" if place else "nothing was before"
    lines = (why, *_others(candidates, None), f"Nothing new is published; {stays}")
    return Message(one_line(f"inferencemax-spider: collect {status.upper()}"), _cut([*map(one_line, lines)]))


def _cut(lines: list[str]) -> str:
    """Return the *lines* as one text, of the length that a chat takes; the last one, where the files are, stays."""
    *body, last = lines
    text = "\n".join(body)
    room = MOST_CHARACTERS - len(last)
    return f"{text if len(text) <= room else text[:room] + '… (cut)'}\n{last}"


def _choice(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield why the version is the one that was published, where another spider might have made it."""
    if "collected_by" in summary:
        yield f"Published: {summary['why']}"
        yield from _others(summary["candidates"], summary["collected_by"])


def _others(candidates: Iterable[Mapping[str, Any]], published: str | None) -> Iterator[str]:
    """Yield what was wrong with the candidates that were not published."""
    for candidate in candidates:
        if candidate["spider"] != published:
            yield from (f"- {candidate['spider']}: {line}" for line in candidate["findings"][:MOST_OF_OTHERS])


def _counts(summary: Mapping[str, Any]) -> Iterator[str]:
    endpoints, checks = summary["endpoints"], summary["checks"]
    decisive = [check for check in checks if check["status"] == "fail" and check.get("severity") != "warning"]
    yield f"{endpoints['ok']} of {endpoints['planned']} endpoints ok"
    yield f"{summary['records']} records, {summary['rejected']} rejected"
    yield f"{len(decisive)} of {len(checks)} checks failed"


def _findings(summary: Mapping[str, Any]) -> Iterator[str]:
    found = list(terminal.findings(summary))
    yield from (f"- {line}" for line in found[:MOST_FINDINGS])
    if more := len(found[MOST_FINDINGS:]):
        yield f"… and {more} more"


def _changes(summary: Mapping[str, Any]) -> Iterator[str]:
    changes = summary.get("changes")
    if not changes or changes["since"] is None:
        return
    counts = ", ".join(f"{changes['records'][state]} {state}" for state in ("added", "removed", "changed"))
    yield f"Since {changes['since']}: {counts}"
    for group in changes["groups"][:MOST_GROUPS]:
        counts = ", ".join(f"{group[state]} {state}" for state in ("added", "removed", "changed") if group[state])
        yield f"- {group['model']} {group['sequence']} {group['hwKey']}: {counts}{_shift(group['metrics'])}"


def _shift(metrics: Mapping[str, Any]) -> str:
    """Return by how much the first metric that has a median changed; they are in the order of what they tell."""
    for name, shift in metrics.items():
        if shift["median"] is not None:
            return f" ({name} {shift['median']:+.1%} in the median)"
    return ""


def _where(summary: Mapping[str, Any], place: Path) -> Iterator[str]:
    reported = (place / REPORT).is_file() or REPORT in summary.get("files", ())
    yield f"Version {summary['version']}: {shown(place)}{f'/{REPORT}' if reported else ''}"
