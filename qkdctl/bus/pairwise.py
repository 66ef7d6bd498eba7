"""What carries bytes between two nodes: soon or never, any number of times, in any order.

Whoever stands above repeats what matters and judges who really sent it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

MOST_BYTES = 66_560
"""Of one message: 64 KiB and the seal around it. Longer ones are refused by sender and receiver."""
CAPACITY = 32
"""Messages that wait per peer, and per peer and path; the oldest give way to new ones."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What arrived.

    Attributes:
        sender: who sent it according to the path; not proven.
        data: 1 to `MOST_BYTES` bytes.
        via: the path it came by.
    """

    sender: str
    data: bytes
    via: str


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """Messages from and to one peer by one path, counted since the start.

    Attributes:
        queued: wait to be sent.
        sent, sent_bytes: handed over to the path.
        dropped: not sent: no connection, no room, or not a length that is allowed.
        received, received_bytes: fit to be read.
        refused: arrived, but retained, empty or too long.
        overrun: arrived, but gave way to newer ones because the reader fell behind.
        silent_s: seconds since the last that was fit to be read; None before the first.
    """

    peer: str
    queued: int
    sent: int
    sent_bytes: int
    dropped: int
    received: int
    received_bytes: int
    refused: int
    overrun: int
    silent_s: float | None


@dataclass(frozen=True, slots=True)
class PathStatus:
    """One way to the peers, such as a broker.

    Attributes:
        via: its name.
        connected: whether messages are sent by it now.
        sessions: connections since the start.
        round_trip_s: of the last sign of life, there and back; None before the first.
        unknown: messages from or to names that are no peers.
        peers: in the order of names.
    """

    via: str
    connected: bool
    sessions: int
    round_trip_s: float | None
    unknown: int
    peers: tuple[PeerStatus, ...]


class PairTransport(Protocol):
    """Sends to each peer by every path at once, so duplicates are normal."""

    def send(self, to: str, data: bytes) -> None:
        """Send as soon as possible; never waits and never raises.

        Args:
            to: name of a peer.
            data: 1 to `MOST_BYTES` bytes; anything else is dropped and counted.
        """

    def received(self) -> AsyncIterator[Incoming]:
        """What arrives, never ending, for one reader; all peers and paths in turn, each in its own order."""

    async def run(self) -> None:
        """Work until cancelled."""

    def status(self) -> tuple[PathStatus, ...]:
        """How things stand, one entry per path."""
