"""An output on an object store, as the commands of one machine or of several use it."""

from __future__ import annotations

import gzip
import json
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import s3fs  # type: ignore[import-untyped]  # has no types

from tests.crawl import runs
from tests.crawl.runs import SMALL, SPIDER, Run
from tests.storage.server import Server

HERE, ELSEWHERE, NEW = "here", "elsewhere", "new"
"""Machines: each has a mirror of its own."""


@dataclass
class Output:
    """The output at *place* (bucket and prefix) on *server*; the *folder* is for the machines' mirrors."""

    server: Server
    place: str
    site: str
    folder: Path

    @property
    def url(self) -> str:
        """The value of ``OUTPUT_DIR``."""
        return f"s3://{self.place}"

    @property
    def fs(self) -> Any:
        """A connection of the test's own."""
        return s3fs.S3FileSystem(**self.server.options)

    def begin(self, *args: str, machine: str = HERE, **env: str) -> subprocess.Popen[str]:
        """Start ``scrapy`` with *args* on a *machine*."""
        options = ("-s", f"OUTPUT_DIR={self.url}", "-s", f"MIRROR_DIR={self.folder / machine}")
        return runs.begin(runs.scrapy(args[0], *options, *args[1:]), self.server.environment | env)

    def command(self, *args: str, machine: str = HERE, **env: str) -> Run:
        """Run ``scrapy`` with *args* on a *machine*, to the end."""
        return runs.end(self.begin(*args, machine=machine, **env), lambda: None)

    def crawling(self, *args: str, spider: str = SPIDER) -> tuple[str, ...]:
        """Return the arguments of a crawl, by default of two endpoints."""
        return ("crawl", spider, "-a", f"base_url={self.site}", *(args or SMALL))

    def crawl(self, *args: str, spider: str = SPIDER, machine: str = HERE, status: int = 0) -> str:
        """Crawl the site; return the name of the version that is the latest then."""
        run = self.command(*self.crawling(*args, spider=spider), machine=machine)
        assert run.status == status, run.output
        return self.latest(spider)

    def latest(self, spider: str = SPIDER) -> str:
        """Return what ``latest`` says on the store."""
        return str(self.fs.cat_file(f"{self.place}/{spider}/latest").decode().strip())

    def visible(self, spider: str = SPIDER) -> list[str]:
        """Return the versions that have a summary on the store."""
        return sorted(key.split("/")[-2] for key in self.fs.glob(f"{self.place}/{spider}/*/summary.json"))

    def objects(self, version: str, spider: str = SPIDER) -> dict[str, bytes]:
        """Return all objects of a version by their name in it."""
        base = f"{self.place}/{spider}/{version}/"
        return {key.removeprefix(base): self.fs.cat_file(key) for key in self.fs.find(base)}

    def summary(self, version: str, spider: str = SPIDER) -> dict[str, Any]:
        """Return the summary of a version."""
        loaded: dict[str, Any] = json.loads(self.objects(version, spider)["summary.json"])
        return loaded

    def whole(self, spider: str = SPIDER) -> list[str]:
        """Return the visible versions, having compared all of their objects with their summaries."""
        versions = self.visible(spider)
        for version in versions:
            objects = self.objects(version, spider)
            for name, entry in json.loads(objects["summary.json"])["files"].items():
                data = objects[name] if name in objects else gzip.decompress(objects[f"{name}.gz"])
                assert sha256(data).hexdigest() == entry["sha256"], name
        return versions

    def mirror(self, machine: str = HERE) -> Path:
        """Return the folder that mirrors the output on a *machine*."""
        (found,) = (self.folder / machine).iterdir()
        return found

    def unfinished(self, machine: str = HERE, spider: str = SPIDER) -> list[Path]:
        """Return the working folders on a *machine*."""
        return sorted((self.mirror(machine) / spider).glob(".*.partial"))

    def forget(self, machine: str) -> None:
        """Make a *machine* as new."""
        subprocess.run(["rm", "-rf", str(self.folder / machine)], check=True)
