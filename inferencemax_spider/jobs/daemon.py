"""Start a Scrapyd daemon on this machine: ``python -m inferencemax_spider.jobs.daemon``, or ``make scrapyd``.

It listens on the loopback interface only and asks for a user and password, since whoever can reach it can run code.
Its folder holds everything: eggs, logs, queues, and the versions that its jobs collect.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from inferencemax_spider.jobs.nodes import PASSWORD, USER

ADDRESS = "127.0.0.1"
CONFIGURATION = "scrapy.cfg"


def main(argv: Sequence[str] | None = None) -> str:
    """Become the daemon; or return why that cannot be."""
    opts = _parser().parse_args(argv)
    user, password = os.environ.get(USER), os.environ.get(PASSWORD)
    if not user or not password or ":" in user:
        return f"set {USER} (without a colon) and {PASSWORD}: whoever can schedule jobs can run code"
    if not _installed():
        return "Scrapyd is not installed here; make scrapyd installs it in an environment of its own"
    try:
        _enter(opts.folder.resolve())
        print(f"Scrapyd is at http://{ADDRESS}:{opts.port}/ and works in {Path.cwd()}; Ctrl-C ends it.", flush=True)  # noqa: T201 - it is a command
        environment = {**os.environ, **_environment(user, password, opts.port)}
        os.execve(sys.executable, [sys.executable, "-m", "scrapyd", "--pidfile=scrapyd.pid"], environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        return f"cannot work in {opts.folder.resolve()}: {error.strerror}"


def _installed() -> bool:
    """Tell whether Scrapyd is there; a mere folder of that name, such as the daemon's own, has no origin."""
    spec = find_spec("scrapyd")
    return spec is not None and spec.origin is not None


def _enter(folder: Path) -> None:
    """Make *folder*, put the configuration into it, and go there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIGURATION).write_bytes((files(__package__) / "templates" / "scrapyd.cfg").read_bytes())
    os.chdir(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m inferencemax_spider.jobs.daemon", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("scrapyd"),
        metavar="DIR",
        help="where it works; its jobs write their versions into the folder output there (default: %(default)s)",
    )
    parser.add_argument("--port", type=_port, default=6800, help="port that it listens at (default: %(default)s)")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:  # noqa: PLR2004 - TCP's
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)


def _environment(user: str, password: str, port: int) -> dict[str, str]:
    """Return what Scrapyd takes from the environment; it counts more than any file."""
    return {
        "SCRAPYD_BIND_ADDRESS": ADDRESS,
        "SCRAPYD_HTTP_PORT": str(port),
        "SCRAPYD_UNIX_SOCKET_PATH": "",
        "SCRAPYD_USERNAME": user,
        "SCRAPYD_PASSWORD": password,
    }


if __name__ == "__main__":
    sys.exit(main())
