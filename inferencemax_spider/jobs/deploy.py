"""Put this project on Scrapyd's nodes: ``python -m inferencemax_spider.jobs.deploy``, or ``make deploy``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs import nodes
from inferencemax_spider.jobs.nodes import Node
from inferencemax_spider.settings import BOT_NAME

BOUNDARY = "inferencemax-spider-egg"


def main(argv: Sequence[str] | None = None) -> int:
    """Build the egg and upload it to each node; return the exit status."""
    opts = _parser().parse_args(argv)
    version = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    try:
        among = nodes.configured(opts.node)
        egg = build(opts.source)
        for node in among:
            print(f"{node.url}: {BOT_NAME} {version}, {upload(node, version, egg)} spiders")  # noqa: T201
    except ArgumentError as error:
        return _told(error, 2)
    except OperationalError as error:
        return _told(error, 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m inferencemax_spider.jobs.deploy", description=__doc__)
    nodes.add_option(parser)
    parser.add_argument(
        "--source", type=Path, default=Path(), metavar="DIR", help="folder of pyproject.toml (default: this one)"
    )
    return parser


def build(source: Path) -> bytes:
    """Return the egg of the project in the folder *source*, which is left as it is.

    Raises:
        OperationalError: it cannot be built.
    """
    if not (source / "pyproject.toml").is_file():
        raise OperationalError(f"there is no pyproject.toml in {source.resolve()}; deploy from the source tree")
    with TemporaryDirectory() as scratch:
        # setup() reads pyproject.toml; everything that it would put beside it goes elsewhere.
        words = f"""egg_info --egg-base {scratch} build --build-base {scratch}/build
            bdist_egg --bdist-dir {scratch}/tree --dist-dir {scratch}/dist""".split()
        command = [sys.executable, "-W", "ignore", "-c", "from setuptools import setup; setup()", *words]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)  # noqa: S603
        eggs = list(Path(scratch, "dist").glob("*.egg"))
        if done.returncode or len(eggs) != 1:
            last = (done.stderr.strip() or "nothing was built").splitlines()[-1]
            raise OperationalError(f"the egg of {source.resolve()} cannot be built: {last}")
        return eggs[0].read_bytes()


def upload(node: Node, version: str, egg: bytes) -> int:
    """Put *egg* on *node* as this *version* of the project; return how many spiders the node finds in it.

    Raises:
        OperationalError: the node cannot be reached or cannot run it; it then goes on with the version before.
    """
    fields = {"project": BOT_NAME, "version": version}
    try:
        answer = node.post("addversion", _form(fields, egg), f"multipart/form-data; boundary={BOUNDARY}")
    except OperationalError:
        # Scrapyd keeps an egg also when it cannot list the spiders in it, and would run jobs with it.
        if version in node.versions(BOT_NAME):
            node.post("delversion", urlencode(fields).encode())
        raise
    return int(answer["spiders"])


def _form(fields: dict[str, str], egg: bytes) -> bytes:
    """Return the body of a form with these *fields* and the file *egg*."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="egg"; filename="project.egg"\r\n\r\n'
    return f"{head}{file}".encode() + egg + f"\r\n--{BOUNDARY}--\r\n".encode()


def _told(error: Exception, status: int) -> int:
    print(f"deploy: error: {error}", file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main())
