"""Run the benchmarks and print what they find; the exit status is 1 when a figure misses its bound."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from benchmarks import bulk, crawl, dashboard, diff, history, latest, scaling, serve
from benchmarks.figure import Figure

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "crawl": crawl.figures,
    "bulk": bulk.figures,
    "latest": latest.figures,
    "history": history.figures,
    "diff": diff.figures,
    "serve": serve.figures,
    "scaling": scaling.figures,
    "dashboard": dashboard.figures,
}


def main() -> int:
    """Run the benchmarks that the command line names, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all): {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {min(unknown)!r}; valid: {', '.join(BENCHMARKS)}")
    figures = [figure for name in names for figure in BENCHMARKS[name]()]
    table = Table("figure", "measured", "bound", "")
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.bound, "ok" if figure.holds else "MISSED")
    Console(width=140).print(table)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
