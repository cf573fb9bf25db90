"""What a cross-check found, as a person or a program reads it: the verdict, the shares, coverage, metrics, curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inferencemax_spider.versions.crosscheck import Agreement, CrossCheck
from inferencemax_spider.versions.diff import Group
from inferencemax_spider.versions.diff_page import GROUPS_SHOWN, LABELS, NAMES_SHOWN, besides, line, percent

METRICS_SHOWN = 12
CURVE = ("model", "sequence", "hwkey")
COVERED = {"models": ("model",), "sequences": ("sequence",), "hwKeys": ("hwkey",), "curves": CURVE}
"""What is counted on both sides; a curve is a model × sequence × hwKey."""

Rows = list[list[str]]


def verdict(check: CrossCheck) -> str:
    """Return in one line whether the sources agree, and how far."""
    first, second = check.names
    counts = check.counts
    if not (total := sum(counts.values())):
        return f"NOTHING TO COMPARE: there is no record of what both {first} and {second} were asked for"
    if check.agrees:
        return f"AGREE: all {total:,} records of what both were asked for{_within(check)}{_not_compared(check)}"
    kinds = {"differ": "differ", "only_first": f"are only in {first}", "only_second": f"are only in {second}"}
    parts = [f"{_share(counts[name], total)} {what}" for name, what in kinds.items() if counts[name]]
    worst = check.groups[0]
    most = f"; the most in {worst.model} {worst.sequence} {worst.hwkey} ({worst.size:,})"
    agree = f"{_share(counts['agree'], total)} of {total:,} records agree"
    return f"DIFFER: {agree}{_within(check)}, {', '.join(parts)}{most}{_not_compared(check)}"


def show(console: Console, check: CrossCheck) -> None:
    """Print the page."""
    for text in _facts(check):
        console.print(Text(text), soft_wrap=True)
    console.print(_table(f"Metrics, relative to {check.names[0]}", _metrics(check)[: METRICS_SHOWN + 1], left=1))
    differing = [group for group in check.groups if group.size]
    if differing:
        shown = _curves(check, differing[:GROUPS_SHOWN])
        console.print(_table("Curves that differ, in numbers of records", shown, left=len(LABELS)))
    if more := len(differing[GROUPS_SHOWN:]):
        console.print(Text(f"… and {more} curves with fewer differences; --format md shows all"), soft_wrap=True)
    console.print(Text(verdict(check)), soft_wrap=True)


def markdown(check: CrossCheck) -> Iterator[str]:
    """Yield the lines of the page in Markdown, with all metrics and all curves."""
    yield f"**{verdict(check)}**\n"
    yield from (f"{text}  " for text in _facts(check))
    for title, (head, *rows) in (("metrics", _metrics(check)), ("records", _curves(check, check.groups))):
        yield f"\nOf {title}:\n"
        yield line(head)
        yield line(["---"] * len(head))
        yield from map(line, rows)


def document(check: CrossCheck) -> dict[str, Any]:
    """Return all that was found, as plain JSON."""
    counts = check.counts
    total = sum(counts.values())
    return {
        "verdict": verdict(check),
        "agrees": check.agrees,
        "threshold": check.difference.tolerance,
        "versions": [
            {"spider": version.spider, "version": version.name, "status": version.summary["status"]}
            for version in check.versions
        ],
        "seconds_apart": check.apart.total_seconds(),
        "records": counts | {"compared": total},
        "shares": {name: count / total if total else None for name, count in counts.items()},
        "outside": {"only_first": check.outside[0], "only_second": check.outside[1]},
        "coverage": {what: check.coverage(*names) for what, names in COVERED.items()},
        "metrics": {name: agreement._asdict() for name, agreement in check.metrics.items()},
        "metrics_of_one": {"only_first": check.extra[0], "only_second": check.extra[1]},
        "curves": list(curves(check)),
    }


def curves(check: CrossCheck) -> Iterator[dict[str, Any]]:
    """Yield an entry on each model × sequence × hwKey, with the median relative difference of the metrics."""
    for group in check.groups:
        yield {
            "model": group.model,
            "sequence": group.sequence,
            "hwKey": group.hwkey,
            "agree": group.unchanged,
            "differ": group.changed,
            "only_first": group.removed,
            "only_second": group.added,
            "metrics": {name: shift._asdict() for name, shift in group.metrics.items()},
        }


def _facts(check: CrossCheck) -> Iterator[str]:
    """Yield the lines that come before the tables."""
    for name, version in zip(check.names, check.versions, strict=True):
        records = f"{version.summary['records']:,} records"
        yield f"{name}: {version.name}, {version.summary['status']}, {records}"
    yield f"Collected: {_apart(check)}"
    counts, (first, second) = check.counts, check.names
    of_one = f"{counts['only_first']:,} only in {first}, {counts['only_second']:,} only in {second}"
    yield f"Records: {counts['agree']:,} agree, {counts['differ']:,} differ, {of_one}"
    for what, names in COVERED.items():
        yield from _covered(what, check.coverage(*names), check.names)
    for name, outside in zip(check.names, check.outside, strict=True):
        if outside:
            yield f"Not compared, since only {name} was asked for it: {_listed([*_counted(outside)])}"
    for name, extra in zip(check.names, check.extra, strict=True):
        if extra:
            yield f"Metrics that only {name} has: {_listed(extra)}"
    yield from besides(check.difference)


def _covered(what: str, coverage: Mapping[str, list[str]], names: tuple[str, str]) -> Iterator[str]:
    title = "Curves (model × sequence × hwKey)" if what == "curves" else what[0].upper() + what[1:]
    parts = [f"{len(coverage['both']):,} on both sides"]
    for name, found in zip(names, (coverage["only_first"], coverage["only_second"]), strict=True):
        if found:
            parts.append(f"{len(found):,} only in {name}: {_listed(found)}")
    yield f"{title}: {'; '.join(parts)}"


def _apart(check: CrossCheck) -> str:
    """Return how far apart the two were collected."""
    later = check.apart
    if abs(later) < timedelta(seconds=1):
        return "at the same time"
    seconds = round(abs(later).total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    length = f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
    if not minutes:
        length = f"{seconds} s"
    first, second = check.names
    return f"{second} {length} {'after' if later > timedelta() else 'before'} {first}"


def _metrics(check: CrossCheck) -> Rows:
    first, second = check.names
    only = [f"only {first}", f"only {second}"]
    head = ["metric", "compared", "differ", *only, "median", "95 % within", "largest"]
    return [head, *([name, *_cells(agreement)] for name, agreement in check.metrics.items())]


def _cells(agreement: Agreement) -> Iterator[str]:
    yield from (f"{count:,}" if count else "–" for count in agreement[:4])
    yield _fine(agreement.median)
    yield _fine(agreement.high).lstrip("+")
    yield _fine(agreement.largest)


def _fine(share: float | None) -> str:
    """Return a relative difference in percent; a small one is not rounded to nothing."""
    if share is None:
        return "–"
    return percent(share) if not share or abs(share) >= 0.0005 else f"{share * 100:+.1g}%"  # noqa: PLR2004 - 0.05 %


def _curves(check: CrossCheck, groups: Sequence[Group]) -> Rows:
    first, second = check.names
    head = [*LABELS, "agree", "differ", f"only {first}", f"only {second}"]
    rows = (
        (group.model, group.sequence, group.hwkey, group.unchanged, group.changed, group.removed, group.added)
        for group in groups
    )
    return [head, *([*map(str, row[:3]), *(str(count or "–") for count in row[3:])] for row in rows)]


def _table(title: str, rows: Rows, left: int) -> Table:
    """Return the *rows*, of which the first is the head, as a table with so many columns of text at the *left*."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    head, *body = rows
    for place, name in enumerate(head):
        table.add_column(name, justify="left" if place < left else "right", overflow="fold")
    for row in body:
        table.add_row(*row)
    return table


def _within(check: CrossCheck) -> str:
    tolerance = check.difference.tolerance
    return f" to within {tolerance * 100:g}%" if tolerance else ""


def _not_compared(check: CrossCheck) -> str:
    number = sum(map(sum, (outside.values() for outside in check.outside)))
    return f"; {number:,} that only one of them was asked for were not compared" if number else ""


def _share(part: int, whole: int) -> str:
    """Return *part* of *whole* in percent; only all is 100 %, and only nothing is 0 %."""
    share = part / whole
    if part == whole or not part or 0.001 <= share <= 0.999:  # noqa: PLR2004 - what one digit shows
        return f"{share:.1%}"
    return "<0.1%" if share < 0.001 else ">99.9%"  # noqa: PLR2004 - as above


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    yield from (f"{name} ({count:,})" for name, count in counts.items())


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return f"{', '.join(names[:NAMES_SHOWN])}{f', and {more} more' if more > 0 else ''}"
