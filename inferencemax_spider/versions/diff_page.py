"""A difference as a person reads it: totals, and a table of the groups, for the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inferencemax_spider.versions.diff import TELLING, Difference, Group, Shift

LABELS = ("model", "sequence", "hwKey")
GROUPS_SHOWN = 40
NAMES_SHOWN = 8
METRICS_SHOWN = 3
BAR = "\\|"
"""A bar within a cell of Markdown."""


def show(console: Console, difference: Difference) -> None:
    """Print the totals of *difference* and its largest groups."""
    for text in totals(difference):
        console.print(Text(text), soft_wrap=True)
    if groups := difference.groups():
        console.print(_table(difference, groups[:GROUPS_SHOWN]))
    if more := len(groups[GROUPS_SHOWN:]):
        console.print(Text(f"… and {more} groups with fewer differences; --format md shows all"), soft_wrap=True)


def markdown(difference: Difference) -> Iterator[str]:
    """Yield the lines of a Markdown page with the totals and all groups."""
    for text in totals(difference):
        yield f"{text}  "
    if groups := difference.groups():
        yield "\nOf metrics, the median (and the largest) relative change:\n"
        yield line(_head(difference))
        yield line(["---"] * len(_head(difference)))
        for group in groups:
            yield line([*_labels(group), *(_both(group.metrics.get(name)) for name in _shown(difference))])


def totals(difference: Difference) -> Iterator[str]:
    """Yield the lines that say how much differs."""
    counts = ", ".join(f"{number:,} {state}" for state, number in difference.counts.items())
    yield f"Records: {counts}"
    if difference.changes:
        yield f"Metrics that changed: {listed(difference.changes)}"
    yield from besides(difference)


def besides(difference: Difference) -> Iterator[str]:
    """Yield the lines on what is neither a metric nor a count."""
    if difference.others:
        yield f"Other columns that differ in records that match: {listed(difference.others)}"
    if repeated := difference.matches.repeated:
        yield f"Repeated: {repeated:,} keys that several records share, which were matched in the order of their values"


def listed(counts: dict[str, int]) -> str:
    """Return the names that count most, with their counts."""
    most = sorted(counts, key=lambda name: -counts[name])
    named = ", ".join(f"{name} in {counts[name]:,}" for name in most[:NAMES_SHOWN])
    return f"{named}, and {len(most) - NAMES_SHOWN} more" if len(most) > NAMES_SHOWN else named


def _table(difference: Difference, groups: list[Group]) -> Table:
    table = Table(
        title="Differences by curve; of metrics, the median relative change",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("model", overflow="fold")
    for name in _head(difference)[1:]:
        table.add_column(name, justify="left" if name in LABELS else "right", no_wrap=True)
    for group in groups:
        table.add_row(*_labels(group), *(_median(group.metrics.get(name)) for name in _shown(difference)))
    return table


def _head(difference: Difference) -> list[str]:
    return [*LABELS, "added", "removed", "changed", *_shown(difference)]


def _shown(difference: Difference) -> tuple[str, ...]:
    """Return the metrics that have a column: the most telling of those that were compared."""
    telling = tuple(name for name in TELLING if name in difference.metrics)
    return (telling or difference.metrics)[:METRICS_SHOWN]


def _labels(group: Group) -> list[str]:
    numbers = (str(number or "–") for number in (group.added, group.removed, group.changed))
    return [group.model, group.sequence, group.hwkey, *numbers]


def _median(shift: Shift | None) -> str:
    return percent(shift.median) if shift else "–"


def _both(shift: Shift | None) -> str:
    return f"{percent(shift.median)} ({percent(shift.largest)})" if shift else "–"


def percent(share: float | None) -> str:
    """Return a relative change in percent; a metric that came, went or was 0 has none."""
    return "no ratio" if share is None else f"{share:+.1%}"


def line(cells: list[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"
