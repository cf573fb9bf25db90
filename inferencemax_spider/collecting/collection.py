"""One collection: the crawls as far as they are needed, the choice, what is published of it, and who is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scrapy.settings import Settings

from inferencemax_spider.collecting import choice
from inferencemax_spider.collecting.child import Children
from inferencemax_spider.collecting.choice import Candidate, Choice
from inferencemax_spider.collecting.wanted import Wanted
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.notify import channels, message, rules
from inferencemax_spider.storage import opening
from inferencemax_spider.summary import EXIT_STATUS, RunStatus
from inferencemax_spider.versions import retention, stored
from inferencemax_spider.versions.adopt import PUBLISHED, adopt
from inferencemax_spider.versions.store import LATEST
from inferencemax_spider.versions.stored import StoredVersion, UnknownVersionError

USAGE = 2


@dataclass(frozen=True)
class Result:
    """What became of a collection: its ``version`` if something was published, ``by`` whom it is, and ``why``."""

    status: RunStatus
    exit_status: int
    why: str
    version: StoredVersion | None = None
    by: str = ""


class Collection:
    """Crawls with these *settings*, which the crawls are given as *options*; what is worth a word goes to *warn*."""

    def __init__(self, settings: Settings, options: Sequence[str], warn: Callable[[str], None]) -> None:
        self.settings = settings
        self.options = options
        self.warn = warn
        self.output = opening.folder(settings)
        self.root = self.output / PUBLISHED

    def made(self, both: tuple[Wanted, Wanted]) -> Result:
        """Run the primary and, as far as needed, the fallback; publish the better result, and tell who wants to know.

        Raises:
            OperationalError: it could not be published.
        """
        candidates = self._candidates(both)
        primary, before = candidates[0], self._last()
        chosen = choice.choose(candidates, before)
        if primary.exit_status == USAGE:
            return Result("failed", USAGE, chosen.why)
        if any(one.status == "cancelled" for one in candidates):
            return self._nothing(chosen, "cancelled")
        if chosen.best is None or chosen.best.version is None:
            return self._nothing(chosen, "failed")
        try:
            version = adopt(chosen.best.version, self.root, chosen.summarised())
        except OperationalError:
            self._nothing(chosen, "failed")
            raise
        self._say_what_is_worse(chosen, before)
        self._tidy_up()
        self._tell(primary, message.compose(version.summary, self._before(primary), version.folder), version)
        return Result(chosen.best.status, EXIT_STATUS[chosen.best.status], chosen.why, version, chosen.best.spider)

    def _candidates(self, both: tuple[Wanted, Wanted]) -> list[Candidate]:
        """Return what became of the primary's run and, if that did not bring all, of the fallback's."""
        primary, fallback = both
        for one in both:
            if one.obstacle:
                self.warn(f"{one.spider} cannot run: {one.obstacle}")
        with Children() as children:
            first = children.run(primary, self.options, self.output)
            if children.stopped or first.status == "complete" or first.exit_status == USAGE:
                return [first]
            if not fallback.obstacle:
                self.warn(f"{first.told}; {fallback.spider} runs now")
            return [first, children.run(fallback, self.options, self.output)]

    def _last(self) -> StoredVersion | None:
        """Return what was published last; nothing, with a warning, where that cannot be read."""
        try:
            return stored.find(opening.opened(self.settings, PUBLISHED), f"{PUBLISHED}/{LATEST}")
        except UnknownVersionError:
            return None
        except OperationalError as error:
            self.warn(f"what was published before is not known: {error}")
            return None

    def _before(self, primary: Candidate) -> dict[str, object] | None:
        """Return the summary of the primary's run before this one, if this one is complete: it may be so again."""
        version = primary.version
        if version is None or primary.status != "complete":
            return None
        return stored.run_before(version.folder.parent, version.summary)

    def _nothing(self, chosen: Choice, status: RunStatus) -> Result:
        """Tell who wants to know that nothing is published; return that."""
        entries = [choice.summarised(one) for one in chosen.candidates]
        told = message.nothing(status, chosen.why, entries, self.root / LATEST if self._last() else None)
        self._tell(chosen.candidates[0], told, None)
        return Result(status, EXIT_STATUS[status], chosen.why)

    def _tell(self, primary: Candidate, text: message.Message, version: StoredVersion | None) -> None:
        """Send the message if the rules ask for it. They judge the primary's run: a fallback does not mend that."""
        settings = self.settings
        summary = {"status": primary.status, "changes": version.summary.get("changes") if version else None}
        if not rules.due(summary, self._before(primary), rules.parsed(settings["NOTIFY_ON"])):
            return
        known = channels.configured(os.environ, settings["NOTIFY_FILE"])
        for delivery in channels.deliver(text, known, settings.getfloat("NOTIFY_TIMEOUT")):
            if not delivery.ok:
                self.warn(f"could not notify {delivery.channel}: {delivery.reason}")

    def _say_what_is_worse(self, chosen: Choice, before: StoredVersion | None) -> None:
        """Say where what is published lacks something that was published before."""
        status = chosen.best.status if chosen.best else ""
        if before and before.usable and before.summary["status"] == "complete" and status != "complete":
            self.warn(f"what is published now is {status}; what was before, {before.name}, is complete")
        if before and chosen.lost:
            self.warn(f"{len(chosen.lost)} curves of {before.name} are not in it: {choice.named(chosen.lost)}")

    def _tidy_up(self) -> None:
        settings = self.settings
        policy = retention.Policy(settings.getint("VERSIONS_KEEP"), settings.getint("VERSIONS_MAX_AGE_DAYS") or None)
        for error in retention.apply(self.root, policy, datetime.now(UTC)).errors:
            self.warn(f"old versions could not be tidied up: {error}")
