"""Whom to tell, through Apprise: mail, webhooks, chats. A channel's URL is a secret and is never shown."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.notify.message import Message

VARIABLE = "INFERENCEMAX_NOTIFY_URLS"
"""Environment variable with the URLs of channels, separated by white space."""
NOT_KNOWN = "its URL is none that Apprise knows"
NOT_DELIVERED = "it did not take the message, or could not be reached"


@dataclass(frozen=True)
class Channel:
    """A place to send messages to: its Apprise URL, and the ``name`` by which it may be spoken of."""

    name: str
    url: str

    def __repr__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True)
class Delivery:
    """What became of a message on a channel; no ``reason`` where it arrived."""

    channel: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether the channel took the message."""
        return not self.reason


def configured(environment: Mapping[str, str], file: str = "") -> list[Channel]:
    """Return the channels that the *environment* and the *file* name (one URL a line, ``#`` begins a comment).

    Raises:
        ArgumentError: the file cannot be read.
    """
    urls = [*environment.get(VARIABLE, "").split(), *(_lines(Path(file)) if file else ())]
    return [Channel(f"channel {number} ({_scheme(url)})", url) for number, url in enumerate(urls, start=1)]


def _lines(file: Path) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ArgumentError(f"cannot read the channels in {file}: {reason}") from None
    yield from (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return scheme if found and scheme.isascii() and scheme.isalnum() else "no URL"


def deliver(message: Message, channels: Sequence[Channel], timeout: float) -> list[Delivery]:
    """Send *message* on all *channels* at once; return what became of it, after *timeout* seconds at the latest.

    Nothing is raised. A channel that has not answered by then is given up; it cannot keep the process from ending.
    """
    outcomes: dict[str, Delivery] = {}
    threads = [
        threading.Thread(target=_send, args=(message, channel, timeout, outcomes), daemon=True) for channel in channels
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no answer within {timeout:g} s"
    return [outcomes.get(channel.name) or Delivery(channel.name, late) for channel in channels]


def _send(message: Message, channel: Channel, timeout: float, outcomes: dict[str, Delivery]) -> None:
    try:
        reason = _sent(message, _bounded(channel.url, timeout))
    except Exception as error:  # noqa: BLE001 - whatever a channel's plugin does, the others are told
        reason = f"its plugin failed: {type(error).__name__}"
    outcomes[channel.name] = Delivery(channel.name, reason)


def _sent(message: Message, url: str) -> str:
    """Send *message* to *url*; return why that was not possible, if it was not."""
    # Loading Apprise takes longer than a small crawl: only who is told something waits for it.
    import apprise  # noqa: PLC0415

    # What it logs may hold parts of the URL.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise()
    if not service.add(url):
        return NOT_KNOWN
    sent = service.notify(title=message.title, body=message.body, body_format=apprise.NotifyFormat.TEXT)
    return "" if sent else NOT_DELIVERED


def _bounded(url: str, timeout: float) -> str:
    """Return *url* with times to connect and to read, in seconds, unless it has its own."""
    given = parse_qs(urlsplit(url).query)
    bounds = "&".join(f"{name}={timeout:g}" for name in ("cto", "rto") if name not in given)
    return f"{url}{'&' if '?' in url else '?'}{bounds}" if bounds else url
