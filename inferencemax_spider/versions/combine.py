"""The parts of a plan that several runs collected, put together as if one run had collected it all.

What is made here is a folder as a run leaves it: the raw files of all parts, and a summary that says what was asked
and which endpoints did not answer. A replay of it gives the version.

A part may be there several times, if jobs of one slot made it: it was repeated because an endpoint was missing. Then
each endpoint's answer is that of the newest of them in which it is of use.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inferencemax_spider import envelope
from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.jobs.order import slot_of
from inferencemax_spider.shards import Shard, folder_name
from inferencemax_spider.versions import store
from inferencemax_spider.versions.store import age
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion, all_of, scope

NOT_ASKED = "MissingShard"


def newest_parts(output: Path, spider: str) -> list[StoredVersion]:
    """Return the latest version of each shard of *spider* in the folder *output*, and those that it repeats.

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
    return [stored for link in links for stored in _with_repeated(StoredVersion(link.resolve()))]


def _with_repeated(latest: StoredVersion) -> list[StoredVersion]:
    """Return the *latest* version of a shard, and those that jobs of the same slot made of the same."""
    slot = _slot(latest) if latest.usable else None
    others = [stored for stored in all_of(latest.folder.parent) if stored.usable and stored.name != latest.name]
    same = [stored for stored in others if scope(stored.summary) == scope(latest.summary) and _slot(stored) == slot]
    return [latest, *(same if slot else [])]


def of_jobs(output: Path, spider: str, of: int, jobs: Container[str]) -> list[StoredVersion]:
    """Return the usable versions of shards in the folder *output* that any of the *jobs* made."""
    roots = (output / folder_name(spider, Shard(number, of)) for number in range(1, of + 1))
    stored = (version for root in roots for version in all_of(root) if version.usable)
    return [version for version in stored if version.summary.get("job") in jobs]


class Parts:
    """Versions that are shards of one plan.

    Raises:
        ArgumentError: they are not.
        OperationalError: one of them cannot be read.
    """

    def __init__(self, versions: Sequence[StoredVersion]) -> None:
        pairs = [(_shard(version), version) for version in versions]
        # Of each shard the newest first.
        pairs.sort(key=lambda pair: age(pair[1].name), reverse=True)
        pairs.sort(key=lambda pair: pair[0].number)
        self.shards = [shard for shard, _ in pairs]
        self.versions = [version for _, version in pairs]
        for what, read in AGREED.items():
            values = {read(version) for version in self.versions} - {"None"}
            if len(values) > 1:
                raise ArgumentError(f"these are not shards of one plan: {what} is {' and '.join(sorted(values))}")
        for shard in dict.fromkeys(self.shards):
            self._check_repeated(shard)

    def _check_repeated(self, shard: Shard) -> None:
        """Refuse several versions of a *shard* that were not made in one slot, or are the same."""
        those = [version for of, version in zip(self.shards, self.versions, strict=True) if of == shard]
        same = len({version.folder for version in those}) < len(those)
        if same or (len(those) > 1 and not all(map(_slot, those))):
            raise ArgumentError(f"shard {shard} is there twice; name one version of it")

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
    def slot(self) -> str | None:
        """The slot of the jobs that collected them, if jobs did."""
        return next(filter(None, map(_slot, self.versions)), None)

    @property
    def missing(self) -> list[Shard]:
        """The shards that are not there."""
        return [shard for shard in self._all() if shard not in self.shards]

    @property
    def lacking(self) -> list[Shard]:
        """The shards that are not there, or of which an endpoint brought nothing of use: to be collected again."""
        details = [detail for version in self.versions for detail in version.summary["endpoint_details"]]
        answered = {self._name(detail) for detail in details if _answered(detail)}
        silent = {self._name(detail) for detail in details} - answered
        lacking = {
            shard for shard in self._all() if any(entry["file_name"] not in answered for entry in self._part(shard))
        }
        for shard, version in zip(self.shards, self.versions, strict=True):
            if not silent.isdisjoint(map(self._name, version.summary["endpoint_details"])):
                lacking.add(shard)
        return sorted({*lacking, *self.missing}, key=lambda shard: shard.number)

    def _part(self, shard: Shard) -> Iterator[dict[str, Any]]:
        return (entry for entry in self.plan if shard.takes(entry["file_name"]))

    def assemble(self, folder: Path) -> None:
        """Make *folder* what a run of the whole plan would have left.

        Raises:
            OSError: it could not be written.
        """
        raw = folder / "raw"
        raw.mkdir(parents=True)
        answers = self._answers()
        for path in answers.values():
            shutil.copyfile(path, raw / path.name)
        summary = {
            "spider": self.spider,
            "arguments": self.arguments,
            "endpoint_details": [*self._unanswered(answers), *self._never_asked()],
        }
        (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")

    def _answers(self) -> dict[str, Path]:
        """Return one raw file of each name: of what there is several times, the first that is of use."""
        chosen: dict[str, Path] = {}
        for version in self.versions:
            for path in sorted(version.raw_files().iterdir()):
                name = path.name.removesuffix(envelope.GZIP)
                if name not in chosen or (not _of_use(chosen[name]) and _of_use(path)):
                    chosen[name] = path
        return chosen

    def _unanswered(self, answers: Container[str]) -> Iterator[dict[str, Any]]:
        """Yield what the shards noted of endpoints that did not answer, of each once; none of what has *answers*."""
        noted: dict[str, dict[str, Any]] = {}
        for version in self.versions:
            for detail in version.summary["endpoint_details"]:
                name = self._name(detail)
                if detail["state"] == "failed" and detail["sha256"] is None and name not in answers:
                    noted.setdefault(name, detail)
        yield from noted.values()

    def _never_asked(self) -> Iterator[dict[str, Any]]:
        """Yield the endpoints of the plan that no shard asked for, each with the shard whose it would have been."""
        asked = {self._name(detail) for version in self.versions for detail in version.summary["endpoint_details"]}
        for entry in self.plan:
            if entry["file_name"] in asked:
                continue
            shard = next(part for part in self._all() if part.takes(entry["file_name"]))
            yield entry | {
                "state": "failed",
                "reason": f"shard {shard} did not bring it",
                "exception": NOT_ASKED,
                "attempts": 1,
                "sha256": None,
            }

    def _name(self, detail: dict[str, Any]) -> str:
        """Return the name of the raw file of an endpoint: its URL may be a page's own, with other parameters.

        What an older release made does not say it; there the URL must be the plan's.
        """
        return str(self._planned.get(_path(detail)) or detail.get("file_name") or detail["url"])

    @cached_property
    def _planned(self) -> dict[tuple[str, str], str]:
        """The name of the raw file of each endpoint of the plan, by where it is."""
        return {_path(entry): entry["file_name"] for entry in self.plan}

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


def _slot(version: StoredVersion) -> str | None:
    """Return the slot of the job that made a *version*."""
    return slot_of(version.summary.get("job"), str(version.summary.get("spider")))


def _answered(detail: dict[str, Any]) -> bool:
    return detail["state"] in {"ok", *detail["accepted"]}


def _of_use(path: Path) -> bool:
    """Tell whether the answer that the raw file at *path* holds is of use."""
    found = envelope.metadata_of(path.with_name(path.name.removesuffix(envelope.GZIP)))
    return found is not None and _answered(found)


def _path(endpoint: dict[str, Any]) -> tuple[str, str]:
    """Return what of an endpoint's URL is the same wherever the site is."""
    parts = urlsplit(endpoint["url"])
    return parts.path, parts.query


def _asked(version: StoredVersion) -> dict[str, str]:
    return {name: value for name, value in version.summary["arguments"].items() if name != "shard"}


AGREED: dict[str, Callable[[StoredVersion], str]] = {
    "spider": lambda version: str(version.summary.get("spider")),
    # A shard with nothing to ask for has no site.
    "site": lambda version: str(version.summary.get("site")),
    "asked": lambda version: str(_asked(version)),
    "of": lambda version: str(_shard(version).of),
    "slot": lambda version: str(_slot(version)),
}
"""What shards of one plan have in common, as text; ``None`` goes with any."""
