"""A question about a run, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["pass", "fail", "skip"]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Check:
    """A question about a run and its answer; ``findings`` has one line for each thing that is wrong.

    Only one of severity ``error`` makes a run incomplete. ``observed`` of one that was skipped says why it was.
    """

    name: str
    expected: str
    observed: str
    findings: tuple[str, ...] = ()
    severity: Severity = "error"
    skipped: bool = False

    @property
    def status(self) -> Status:
        """``pass``, ``fail``, or ``skip`` when the run does not allow an answer."""
        if self.skipped:
            return "skip"
        return "fail" if self.findings else "pass"

    @property
    def decisive(self) -> bool:
        """Whether it makes the run incomplete."""
        return self.status == "fail" and self.severity == "error"

    @property
    def message(self) -> str:
        """The answer in one line."""
        if self.status != "fail":
            return self.observed
        more = len(self.findings) - 1
        return f"{self.findings[0]}; {more} more" if more else self.findings[0]

    def summarised(self) -> dict[str, Any]:
        """Return it as it stands in ``summary.json``."""
        names = ("name", "status", "severity", "expected", "observed", "message")
        return {name: getattr(self, name) for name in names} | {"findings": list(self.findings)}
