"""The parts of a plan that several runs collected, put together as if one run had collected it all.

What is made here is a folder as a run leaves it: the raw files of all parts, and a summary that says what was asked
and which endpoints did not answer. A replay of it gives the version.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.shards import Shard
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion

NOT_ASKED = "MissingShard"


def newest_parts(output: Path, spider: str) -> list[StoredVersion]:
    """Return the latest version of each shard of *spider* in the folder *output*.

    Raises:
        ArgumentError: there are none, or of plans that were divided differently.
    """
    links = sorted(output.glob(f"{spider}-shard-*-of-*/{store.LATEST}"))
    divisions = sorted({link.parent.name.rpartition("-")[2] for link in links}, key=int)
    if not divisions:
        raise ArgumentError(
            f"there are no shards of {spider} in {output}; scrapy crawl {spider} -a shard=1/2 makes one"
        )
    if len(divisions) > 1:
        raise ArgumentError(f"there are shards of {' and of '.join(divisions)} parts in {output}; name their versions")
    return [StoredVersion(link.resolve()) for link in links]


class Parts:
    """Versions that are shards of one plan.

    Raises:
        ArgumentError: they are not.
        OperationalError: one of them cannot be read.
    """

    def __init__(self, versions: Sequence[StoredVersion]) -> None:
        self.versions = versions
        self.shards = [_shard(version) for version in versions]
        for what in ("spider", "site", "asked", "of"):
            values = {str(self._value(what, version, shard)) for version, shard in self._pairs()}
            if len(values) > 1:
                raise ArgumentError(f"these are not shards of one plan: {what} is {' and '.join(sorted(values))}")
        numbers = [shard.number for shard in self.shards]
        if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
            raise ArgumentError(f"shard {twice[0]}/{self.of} is there twice; name one version of it")

    def _pairs(self) -> Iterator[tuple[StoredVersion, Shard]]:
        return zip(self.versions, self.shards, strict=True)

    @staticmethod
    def _value(what: str, version: StoredVersion, shard: Shard) -> Any:
        return {"asked": _asked(version), "of": shard.of}.get(what) or version.summary.get(what)

    @property
    def of(self) -> int:
        """Into how many parts the plan was divided."""
        return self.shards[0].of

    @property
    def spider(self) -> str:
        """The spider that collected them."""
        return str(self.versions[0].summary["spider"])

    @property
    def arguments(self) -> dict[str, str]:
        """What they were asked to collect, but for the part of it."""
        return _asked(self.versions[0])

    @property
    def missing(self) -> list[Shard]:
        """The shards that are not there."""
        there = {shard.number for shard in self.shards}
        return [Shard(number, self.of) for number in range(1, self.of + 1) if number not in there]

    def assemble(self, folder: Path) -> None:
        """Make *folder* what a run of the whole plan would have left.

        Raises:
            OSError: it could not be written.
        """
        raw = folder / "raw"
        raw.mkdir(parents=True)
        for version in self.versions:
            for path in sorted(version.raw_files().iterdir()):
                # What every shard asked for (names, availability) is there once.
                if not (raw / path.name).exists():
                    shutil.copyfile(path, raw / path.name)
        summary = {
            "spider": self.spider,
            "arguments": self.arguments,
            "endpoint_details": [*self._unanswered(), *self._never_asked()],
        }
        (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")

    def _unanswered(self) -> Iterator[dict[str, Any]]:
        """Yield what the shards noted of endpoints that did not answer."""
        for version in self.versions:
            for detail in version.summary["endpoint_details"]:
                if detail["state"] == "failed" and detail["sha256"] is None:
                    yield detail

    def _never_asked(self) -> Iterator[dict[str, Any]]:
        """Yield the endpoints of the plan that no shard asked for, each with the shard whose it would have been."""
        asked = {_path(detail) for version in self.versions for detail in version.summary["endpoint_details"]}
        for entry in self.plan:
            if _path(entry) in asked:
                continue
            shard = next(part for part in self._all() if part.takes(entry["file_name"]))
            yield entry | {
                "state": "failed",
                "reason": f"shard {shard} did not bring it",
                "exception": NOT_ASKED,
                "attempts": 1,
                "sha256": None,
            }

    def _all(self) -> Iterator[Shard]:
        return (Shard(number, self.of) for number in range(1, self.of + 1))

    @property
    def plan(self) -> list[dict[str, Any]]:
        """What any of the shards knew to be asked for, in the order of the plan."""
        entries = {entry["file_name"]: entry for version in self.versions for entry in version.summary["shard"]["plan"]}
        return sorted(entries.values(), key=lambda entry: int(entry["index"]))


def _shard(version: StoredVersion) -> Shard:
    try:
        noted = version.summary["shard"]
        return Shard(noted["number"], noted["of"])
    except (KeyError, TypeError):
        raise ArgumentError(f"{version.folder} is no shard: its run was not given shard=K/N") from None
    except OperationalError as error:
        raise OperationalError(f"{error}; leave it out to combine the others") from error


def _path(endpoint: dict[str, Any]) -> tuple[str, str]:
    """Return what of an endpoint's URL is the same wherever the site is."""
    parts = urlsplit(endpoint["url"])
    return parts.path, parts.query


def _asked(version: StoredVersion) -> dict[str, str]:
    return {name: value for name, value in version.summary["arguments"].items() if name != "shard"}
