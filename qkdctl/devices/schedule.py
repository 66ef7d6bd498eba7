"""Deadlines on a fixed grid: no drift when a cycle is slow, no burst when it was very slow."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Grid:
    """Deadlines at start + n x period.

    Attributes:
        period_s: distance of the deadlines.
        deadline: the next one, on the clock of the caller.
        missed: deadlines that were skipped because a cycle took longer than the period.
    """

    period_s: float
    deadline: float
    missed: int = 0

    def advance(self, now: float) -> None:
        """Move to the first deadline after `now`; those in between are skipped and counted."""
        periods = max(1, math.floor((now - self.deadline) / self.period_s) + 1)
        self.missed += periods - 1
        self.deadline += periods * self.period_s


class RoundRobin:
    """One slow attribute per cycle, each in its turn.

    Args:
        names: in the order in which they take turns.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._next = 0

    def take(self) -> tuple[str, ...]:
        """The one whose turn it is, or nothing when there is none."""
        if not self._names:
            return ()
        name = self._names[self._next % len(self._names)]
        self._next += 1
        return (name,)
