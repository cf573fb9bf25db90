"""What the monitors share: the question, the answer, and that none of them can keep the others from being asked."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from spidermon import Monitor

from inferencemax_spider.quality.checks import Check
from inferencemax_spider.quality.evidence import Evidence, Holdings, UnanswerableError

logger = logging.getLogger(__name__)

Answer = tuple[str, Sequence[str]]
"""What was observed, and a line for each thing that is wrong."""
Change = TypeVar("Change")


class QualityMonitor(Monitor):  # type: ignore[misc] # spidermon has no annotations
    """A monitor whose docstring says what it compares, and whose ``check`` is the answer once it has run.

    ``keys`` are the keys of ``expectations.toml`` that it goes by. In Spidermon's terms it fails when something is
    wrong, whatever the severity.
    """

    keys: ClassVar[tuple[str, ...]] = ()
    check: Check

    def test(self) -> None:
        """Answer the question."""
        self.check = self._answered(self.data.evidence)
        if self.check.status == "skip":
            self.skipTest(self.check.message)
        if self.check.status == "fail":
            self.fail(self.check.message)

    @abstractmethod
    def expected(self, evidence: Evidence) -> str:
        """Return what is expected."""

    @abstractmethod
    def answer(self, evidence: Evidence) -> Answer:
        """Return what was observed, and the findings.

        Raises:
            UnanswerableError: the *evidence* does not allow an answer.
        """

    def _answered(self, evidence: Evidence) -> Check:
        name = str(self.monitor_name)
        level = getattr(evidence.expectations.run.severity, name)
        if level == "off":
            return Check(name, "nothing", "turned off by the expectations", severity="warning", skipped=True)
        expected = "an answer"
        try:
            expected = self.expected(evidence)
            observed, findings = self.answer(evidence)
        except UnanswerableError as error:
            return Check(name, expected, str(error), severity=level, skipped=True)
        except Exception as error:
            logger.exception("Monitor %s broke", name)
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Check(name, expected, "no answer", (f"internal error: monitor {name}: {reason}",), "error")
        return Check(name, expected, observed, tuple(findings), level)


class ComparingMonitor(QualityMonitor, Generic[Change]):
    """A monitor that compares with the version before.

    A change is only named if the newest complete version did not have it either: what comes back from a version in
    which something was wrong is a recovery.
    """

    @abstractmethod
    def changes(self, evidence: Evidence, earlier: Sequence[Holdings]) -> Mapping[Any, Change]:
        """Return what has changed since the *earlier* versions (newest first), by what it is about."""

    @abstractmethod
    def lines(self, evidence: Evidence, changes: Mapping[Any, Change]) -> list[str]:
        """Return the *changes* as findings."""

    def answer(self, evidence: Evidence) -> Answer:
        """Compare, and leave out what is a recovery."""
        previous = evidence.previous
        changes = dict(self.changes(evidence, evidence.recent))
        if changes and evidence.good is not None:
            lasting: set[Hashable] = set(self.changes(evidence, [evidence.good]))
            changes = {key: change for key, change in changes.items() if key in lasting}
        findings = self.lines(evidence, changes)
        return f"{len(changes)} changes since {previous.name}", findings
