"""What flows through the crawl: the planned endpoint and the capture of what came of it.

An item is one endpoint's response, not one record: the raw file, the counts and the hwKeys belong to a response, and
bulk work (parse, validate, export) is done once per response in compiled code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import pyarrow as pa

from inferencemax_spider.records import Records

State = Literal["ok", "empty", "invalid", "failed", "not_attempted"]
STATES: tuple[State, ...] = get_args(State)
"""Every planned endpoint ends in exactly one of these, so that their counts always add up to the plan."""


LONGEST_NAME = 200
"""Characters of a raw file's name: file systems take 255 bytes, and compressing it needs some of them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One planned request: where it goes and what it should bring.

    ``index`` is its place in the plan; ``stored_as`` the name of its raw file where the URL's basename will not do. It
    may also end in one of the ``accepted`` states: what is only asked for in case it is there.
    """

    index: int
    url: str
    model: str = ""
    sequence: str = ""
    data_type: str = ""
    expected_hwkeys: tuple[str, ...] = ()
    dataset: str = "benchmarks"
    stored_as: str = ""
    accepted: tuple[State, ...] = ()

    @property
    def name(self) -> str:
        """The endpoint as people read it: ``gpt-oss 120B 1k-8k e2e``, ``workflow_info 2026-05-03``."""
        return " ".join(part for part in (self.model or self.dataset, self.sequence, self.data_type) if part)

    @property
    def file_name(self) -> str:
        """The name of the raw file, reduced to characters that cannot leave a folder, and to a length that fits there.

        What was reduced carries a digest of what it was: no two endpoints share a file.
        """
        basename = self.stored_as or urlsplit(self.url).path.rpartition("/")[2]
        reduced = re.sub(r"[^A-Za-z0-9._-]", "_", basename).lstrip(".")
        if not reduced:
            return f"endpoint-{self.index}"
        if reduced == basename and len(reduced) <= LONGEST_NAME:
            return reduced
        stem, dot, suffix = reduced.rpartition(".")
        digest = sha256(basename.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{stem[: LONGEST_NAME - 20]}-{digest}{dot}{suffix[:10]}"

    @property
    def group(self) -> str:
        """Endpoints with the same group describe the same runs and are joined in the merged CSV."""
        return f"{self.model} {self.sequence}".strip()


@dataclass(frozen=True)
class Served:
    """What the site answered, as it answered it.

    ``body`` is what came out of the Content-Encoding, or the bytes as they came when ``damage`` says that the
    transfer was cut off or the encoding broken; ``location`` is where a redirect that was not followed leads to.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    fetched_at: datetime
    damage: str = ""
    content_encoding: str = ""
    location: str = ""

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the body, in hex."""
        return sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why no usable answer came: one line with cause and remedy, and the HTTP status or the exception's name."""

    reason: str
    status: int | None = None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of a record. ``missing`` tells an absent field from a wrong one."""

    field: str
    reason: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that was refused: its place in the response, why, and its text as received."""

    index: int
    faults: tuple[Fault, ...]
    text: str = field(repr=False)


@dataclass(slots=True)
class Parsed:
    """What a parser made of a body.

    ``entries`` counts what a body without records holds, and ``table`` is that of a further dataset; ``unpriced`` are
    the hwKeys, with their rows, whose GPU the hardware edition does not know; ``unasked`` counts the rows that the
    request did not ask for, by what they are of.
    """

    records: Records
    rejections: list[Rejection] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    unpriced: Counter[str] = field(default_factory=Counter)
    unasked: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    table: pa.Table | None = None


Parser = Callable[[bytes, Endpoint], Parsed]
"""Read a body of one generation; raise ``BodyError`` when there is no reading it."""


@dataclass(slots=True)
class EndpointCapture:
    """What came of one endpoint: the item that goes through the pipelines.

    The spider fills in what was fetched; the pipelines add what it means. ``served`` is absent when no answer came;
    ``evidence`` is what a page looked like that failed, by file name.
    """

    endpoint: Endpoint
    curl: str
    attempts: int
    parser: Parser = field(repr=False)
    records: Records
    served: Served | None = None
    failure: FetchFailure | None = None
    replayed_from: str | None = None
    evidence: dict[str, bytes] = field(default_factory=dict, repr=False)
    state: State = "failed"
    reason: str = ""
    rejections: list[Rejection] = field(default_factory=list, repr=False)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    table: pa.Table | None = field(default=None, repr=False)
    unpriced: Counter[str] = field(default_factory=Counter)
    unasked: Counter[str] = field(default_factory=Counter)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    hwkeys: Counter[str] = field(default_factory=Counter)
