"""What can be made to go wrong on the demo site, where, and how often.

A fault is written on the command line as::

    KIND[=VALUE][,PARAMETER=VALUE…][@GLOB]

``VALUE`` is that of the kind's main parameter, the first one in ``KINDS``. ``times=N`` may follow any kind. ``GLOB``
is what stands after the last ``@``; without one the fault hits everything. Values cannot contain a comma. Examples::

    status=503,times=2@gpt-oss-120b-*      the first two requests of each gpt-oss body get a 503
    retry_after=1,code=429,times=1         the first request of each path gets a 429 with "Retry-After: 1"
    missing_hwkey=b200_trt@*-e2e.json      every e2e body lacks the b200_trt records
    scale=h200,factor=1.3@gpt-oss-*        the throughput of h200 is 30 % higher in gpt-oss bodies
    latency=0.5                            every answer waits half a second
    decoy@/inference                       the dashboard has a button that looks like a control
"""

from __future__ import annotations

import threading
from collections import Counter
from fnmatch import fnmatchcase
from posixpath import basename
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROBOTS: Final = "/robots.txt"

PAGE_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "decoy": ("text", "role"),
    "rename_control": ("names", "control"),
    "duplicate_control": ("names", "control"),
    "popup": ("seconds",),
    "late_options": ("seconds",),
    "missing_option": ("option",),
    "reload": ("seconds",),
    "wrong_model": (),
    "fallback": ("control",),
    "labels": (),
}
"""The kinds that make a dashboard's page behave badly; any other resource passes them unchanged. See ``pages``."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("code", "body"),
    "retry_after": ("seconds", "code", "http_date"),
    "redirect": ("to", "code"),
    "html": (),
    "empty": (),
    "half_array": (),
    "not_utf8": (),
    "oversize": ("size",),
    "broken_gzip": (),
    "truncated_gzip": (),
    "pre": (),
    "envelope": (),
    "wrong_types": ("every",),
    "nan": ("every",),
    "non_positive": ("every",),
    "y_mismatch": ("every",),
    "malformed_hwkey": ("every",),
    "duplicate": ("every",),
    "unknown_field": ("every",),
    "missing_hwkey": ("hwkey",),
    "drop": ("every",),
    "scale": ("hwkey", "factor"),
    "rename": ("field", "name"),
    "latency": ("seconds",),
    "slow_body": ("seconds",),
    "stall": (),
    "truncate": (),
    "chunk_truncate": (),
    "close": (),
    **PAGE_KINDS,
}
"""The parameters of each kind, the main one first. What the kinds do stands in ``damage`` and ``transport``."""

NAMES: Final = r"(id|testid|label)(\+(id|testid|label))*"


class Fault(BaseModel):
    """One thing that goes wrong: a ``kind`` from ``KINDS``, on the requests that the glob ``path`` matches.

    ``times`` limits the fault to the first requests of each matching path; None means all of them. Of the parameters
    only those of the kind can be given:

    * ``code``: the HTTP status (500 for ``status``, 503 for ``retry_after``, 302 for ``redirect``);
    * ``body``: the text to answer with, HTML if it starts with ``<``, else sent as JSON;
    * ``seconds``: of delay, also of what happens in a page, or in the Retry-After header;
    * ``http_date``: send Retry-After as a date and not as a number;
    * ``to``: the URL to redirect to;
    * ``size``: the least length of the body, in bytes;
    * ``every``: one in how many records is damaged, or dropped, beginning with the first;
    * ``hwkey``: whose records are left out, or have their throughput scaled by ``factor``;
    * ``field``: the field, or metric, that gets another ``name``;
    * ``text``: of a button that is no control, whose ARIA role is ``role``;
    * ``control``: of a page, which is hit;
    * ``names``: which of its names are changed, or given to another control as well: ``id+testid``;
    * ``option``: the text that a list lacks, whatever its case and punctuation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    path: str = "*"
    times: NonNegativeInt | None = None

    code: Annotated[int, Field(ge=200, le=599)] | None = None
    body: str | None = None
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    http_date: bool = False
    to: str = "http://127.0.0.2:9/"
    size: PositiveInt = 10_000_000
    every: PositiveInt = 10
    hwkey: str = "b200_trt"
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.7
    field: str = "image"
    name: str = "renamed"
    text: str = "Model comparison"
    role: Literal["button", "combobox"] = "button"
    control: Literal["model", "sequence"] = "model"
    names: Annotated[str, Field(pattern=f"^{NAMES}$")] = "id+testid+label"
    option: str = "gpt-oss-120b"

    @model_validator(mode="after")
    def _only_what_the_kind_takes(self) -> Self:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; valid: {', '.join(KINDS)}")
        taken = (*KINDS[self.kind], "times")
        if unknown := sorted(self.model_fields_set - {"kind", "path", *taken}):
            raise ValueError(f"fault {self.kind!r} has no {', '.join(unknown)}; it takes: {', '.join(taken)}")
        return self

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the fault that *text* describes in the grammar of this module.

        Raises:
            ValueError: there is no such kind or parameter, or a value does not fit; the message is one line.
        """
        spec, at, path = text.rpartition("@")
        head, *parameters = (spec if at else path).split(",")
        kind, equals, value = head.partition("=")
        fields = dict(_assignment(parameter) for parameter in parameters)
        if equals:
            fields[_main_parameter(kind)] = value
        try:
            return cls.model_validate({**fields, "kind": kind, "path": path if at else "*"})
        except ValidationError as error:
            raise ValueError(f"fault {text!r}: {_one_line(error)}") from None

    def matches(self, target: str) -> bool:
        """Tell whether this fault hits *target* (path and query): as a whole, or its path, or the path's last part.

        Only a glob that names robots.txt hits that, so that a fault for everything leaves the crawl its rules.
        """
        path = target.partition("?")[0]
        if path == ROBOTS and not self.path.endswith("robots.txt"):
            return False
        return any(fnmatchcase(name, self.path) for name in (target, path, basename(path)))


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name in {"kind", "path"}:
        raise ValueError(f"not a parameter of a fault: {text!r}; write name=value")
    return name, value


def _main_parameter(kind: str) -> str:
    """Return the parameter that ``kind=value`` sets; for one without parameters, a name to complain about."""
    return next(iter(KINDS.get(kind, ())), "value")


def _one_line(error: ValidationError) -> str:
    """Return what is wrong, without pydantic's layout."""
    problems = ((".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors())
    return "; ".join(f"{where}: {what}" if where else what.removeprefix("Value error, ") for where, what in problems)


class FaultPlan:
    """The faults of a site, and how often each has hit which target; safe to ask from many threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Start with *faults*, none of which has hit anything yet."""
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._hits: Counter[tuple[int, str]] = Counter()

    def add(self, fault: Fault) -> None:
        """Let *fault* happen from now on, after the others."""
        with self._lock:
            self._faults.append(fault)

    def due(self, target: str) -> tuple[Fault, ...]:
        """Return the faults of one request of *target* (path and query), and count them as having happened."""
        with self._lock:
            return tuple(fault for index, fault in enumerate(self._faults) if self._hit(index, fault, target))

    def _hit(self, index: int, fault: Fault, target: str) -> bool:
        if not fault.matches(target) or (fault.times is not None and self._hits[index, target] >= fault.times):
            return False
        self._hits[index, target] += 1
        return True
