"""Counting what passes between one node and its peers by one path."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from qkdctl.bus.pairwise import MOST_BYTES, PeerStatus


@dataclass(slots=True)
class PeerFigures:
    """Counts for one peer; see `PeerStatus`.

    Attributes:
        heard_at_s: on the monotonic clock.
    """

    sent: int = 0
    sent_bytes: int = 0
    dropped: int = 0
    received: int = 0
    received_bytes: int = 0
    refused: int = 0
    overrun: int = 0
    heard_at_s: float | None = None

    def note_sent(self, data: bytes) -> None:
        """A message left."""
        self.sent += 1
        self.sent_bytes += len(data)

    def note_received(self, data: bytes, now_s: float) -> None:
        """A message came that may be read."""
        self.received += 1
        self.received_bytes += len(data)
        self.heard_at_s = now_s

    def status(self, peer: str, queued: int, now_s: float) -> PeerStatus:
        """The counts at this moment."""
        return PeerStatus(
            peer=peer,
            queued=queued,
            sent=self.sent,
            sent_bytes=self.sent_bytes,
            dropped=self.dropped,
            received=self.received,
            received_bytes=self.received_bytes,
            refused=self.refused,
            overrun=self.overrun,
            silent_s=None if self.heard_at_s is None else now_s - self.heard_at_s,
        )


@dataclass(slots=True)
class PathFigures:
    """Counts for one path; see `PathStatus`."""

    peers: dict[str, PeerFigures]
    unknown: int = 0
    sessions: int = 0
    round_trip_s: float | None = None
    connected: bool = field(default=False)

    @classmethod
    def of(cls, peers: Iterable[str]) -> "PathFigures":
        """Nothing counted yet."""
        return cls({peer: PeerFigures() for peer in sorted(peers)})

    def statuses(self, queued: Callable[[str], int], now_s: float) -> tuple[PeerStatus, ...]:
        """The counts at this moment, in the order of names."""
        return tuple(figures.status(peer, queued(peer), now_s) for peer, figures in self.peers.items())


def is_fit(data: bytes) -> bool:
    """Whether a message has a length that is allowed."""
    return 0 < len(data) <= MOST_BYTES
