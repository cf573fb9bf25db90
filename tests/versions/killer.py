"""Run ``retention.apply`` again and again, each time killed one step later, until it comes to its end.

Usage: killer.py TEMPLATE WORK KEEP. Each run works on a copy of the store TEMPLATE in the folder ``WORK/<step>``. A
step is whatever Python does to files; the process kills itself, which nothing can catch, right before it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

from inferencemax_spider.versions import retention
from tests.versions.stores import NOW

STEPS = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.scandir", "os.listdir"})


def killed(root: Path, step: int, keep: int) -> bool:
    """Prune the store *root* in a process of its own, killed at its *step*; return whether it came to that."""
    if (child := os.fork()) == 0:
        left = iter(range(step))

        def hook(event: str, _: object) -> None:
            if event in STEPS and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        report = retention.apply(root, retention.Policy(keep=keep), NOW)
        os._exit(len(report.errors))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def main(template: Path, work: Path, keep: int) -> None:
    """Prune copies of *template* until one is pruned to the end."""
    for step in count():
        copy = work / f"{step:04}"
        shutil.copytree(template, copy, symlinks=True)
        if not killed(copy, step, keep):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
