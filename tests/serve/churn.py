"""Publish and prune: the store SPIDER folder ROOT gets copies of its latest version, and keeps KEEP of them.

Usage: churn.py ROOT KEEP SECONDS. It goes on until its input ends, with a pause of so many SECONDS after each version,
and prints the name of each that it has published.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from inferencemax_spider.versions import retention, store


def published(root: Path, seconds: int = 0) -> str:
    """Publish a copy of the latest version under *root*, so many *seconds* later than now; return its name."""
    source = (root / store.LATEST).resolve()
    name, partial = store.claim(root, datetime.now(UTC) + timedelta(seconds=seconds))
    shutil.copytree(source, partial, dirs_exist_ok=True, copy_function=os.link)
    store.point_latest(store.publish(partial, name))
    return name


def main(root: Path, keep: int, pause: float) -> None:
    """Publish and prune until the input ends."""
    numbers = count(1)
    while not select.select([sys.stdin], [], [], pause)[0]:
        # A later name each time: a name that was pruned is not taken again.
        print(published(root, next(numbers)), flush=True)  # noqa: T201 - the test reads it
        report = retention.apply(root, retention.Policy(keep=keep), datetime.now(UTC))
        assert not report.errors, report.errors


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
