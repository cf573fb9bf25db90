"""Faults of the connection: how an answer is sent, or not.

``SENDERS`` maps the kind of a fault to the function that sends an answer in its place; ``latency`` is not among them,
since it only delays one that is sent as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from inferencemax_spider.demo.faults import Fault

if TYPE_CHECKING:
    from io import BufferedIOBase

SLICES: Final = 20
"""In how many pieces a slow body is sent."""


@dataclass(frozen=True)
class Answer:
    """What is to be sent: ``body`` encoded, ``headers`` without those that say how long it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """One end of a connection, as a request handler has it."""

    rfile: BufferedIOBase
    wfile: BufferedIOBase
    close_connection: bool

    def send_head(self, answer: Answer, framing: tuple[str, str]) -> None:
        """Send the status and headers of *answer*, and the *framing* header that tells where its body ends."""

    def pause(self, seconds: float) -> None:
        """Wait *seconds*; raise ConnectionAbortedError when the site stops meanwhile."""


Sender = Callable[[Wire, Answer, Fault], None]


def _length(answer: Answer) -> tuple[str, str]:
    return "Content-Length", str(len(answer.body))


def send(wire: Wire, answer: Answer) -> None:
    """Send *answer* as it should be."""
    wire.send_head(answer, _length(answer))
    wire.wfile.write(answer.body)


def _slow_body(wire: Wire, answer: Answer, fault: Fault) -> None:
    wire.send_head(answer, _length(answer))
    step = -(-len(answer.body) // SLICES) or 1
    for start in range(0, len(answer.body), step):
        wire.pause(fault.seconds / SLICES)
        wire.wfile.write(answer.body[start : start + step])


def _stall(wire: Wire, answer: Answer, _fault: Fault) -> None:
    wire.send_head(answer, _length(answer))
    # Returns when the client leaves, or when the site shuts its connections down.
    wire.rfile.read(1)
    wire.close_connection = True


def _truncate(wire: Wire, answer: Answer, _fault: Fault) -> None:
    wire.send_head(answer, _length(answer))
    wire.wfile.write(answer.body[: len(answer.body) // 2])
    wire.close_connection = True


def _chunk_truncate(wire: Wire, answer: Answer, _fault: Fault) -> None:
    half = answer.body[: len(answer.body) // 2]
    wire.send_head(answer, ("Transfer-Encoding", "chunked"))
    wire.wfile.write(b"%x\r\n%b\r\n" % (len(half), half))
    wire.close_connection = True


def _close(wire: Wire, _answer: Answer, _fault: Fault) -> None:
    wire.close_connection = True


SENDERS: Final[Mapping[str, Sender]] = {
    "slow_body": _slow_body,
    "stall": _stall,
    "truncate": _truncate,
    "chunk_truncate": _chunk_truncate,
    "close": _close,
}
"""The ways to send an answer badly, by kind."""
