"""Which positions of a peer were accepted: each only once, in bounded memory."""

from collections import OrderedDict
from enum import Enum, auto


class Look(Enum):
    """What a position is to a receiver."""

    NEW = auto()
    SAME = auto()
    """Accepted before, with the same bytes."""
    USED = auto()
    """Accepted before with other bytes, or so old that nothing is known of it."""


class Window:
    """The last accepted positions of one session.

    Args:
        floor: positions up to it count as used.
        size: how far back a late packet is still told from an old one, in positions.

    Attributes:
        highest: the highest accepted position, or the floor.
    """

    def __init__(self, floor: int, size: int) -> None:
        self.highest = floor
        self._floor = floor
        self._size = size
        self._seen: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        """Positions that are remembered; at most twice the size."""
        return len(self._seen)

    def look(self, position: int, digest: bytes) -> Look:
        """What the position would be, without taking it."""
        if position in self._seen:
            return Look.SAME if self._seen[position] == digest else Look.USED
        return Look.NEW if position > self._floor else Look.USED

    def take(self, position: int, digest: bytes) -> None:
        """Accept a position that `look` found new."""
        assert self.look(position, digest) is Look.NEW, f"position {position} was taken before"
        self._seen[position] = digest
        self.highest = max(self.highest, position)
        self._floor = max(self._floor, self.highest - self._size)
        if len(self._seen) > 2 * self._size:
            self._seen = OrderedDict((at, kept) for at, kept in self._seen.items() if at > self._floor)
