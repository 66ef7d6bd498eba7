"""A counter that runs by itself: in cycles of a fixed length, or without end."""

import math
from collections.abc import Callable

from qkdctl.clock import Clock


class CycleCounter:
    """Counts in cycles and shows the last whole one, or accumulates since the last reset.

    Attributes:
        accumulating: count without end instead of in cycles.
    """

    def __init__(self, clock: Clock, draw: Callable[[float], int], integration_s: float) -> None:
        """Begin a cycle; `draw` gives the events within a time."""
        self._clock = clock
        self._draw = draw
        self._integration_s = integration_s
        self._accumulating = False
        self.reset()

    @property
    def integration_s(self) -> float:
        """Length of a cycle in seconds."""
        return self._integration_s

    @property
    def accumulating(self) -> bool:
        """Whether the counter runs without end."""
        return self._accumulating

    def set_integration_s(self, integration_s: float) -> None:
        """Set the length of the cycles; begins a new one."""
        self._integration_s = integration_s
        self.reset()

    def set_accumulating(self, accumulating: bool) -> None:
        """Count without end or in cycles; begins anew."""
        self._accumulating = accumulating
        self.reset()

    def reset(self) -> None:
        """Set the value to 0 and begin a new cycle."""
        self._began_s = self._counted_until_s = self._clock.monotonic()
        self._partial = 0
        self._last = 0

    def value(self) -> int:
        """Counts of the last whole cycle, 0 before the first; or all counts since the reset."""
        self.advance()
        return self._partial if self._accumulating else self._last

    def advance(self) -> None:
        """Count what happened since the last look; cycles that nobody looked at are not drawn."""
        now = self._clock.monotonic()
        # A clock is read in floating point: a hair before the end of a cycle is its end.
        whole = 0 if self._accumulating else math.floor((now - self._began_s) / self._integration_s + 1e-9)
        if whole > 0:
            ended_s = self._began_s + whole * self._integration_s
            if whole == 1:
                self._last = self._partial + self._draw(ended_s - self._counted_until_s)
            else:
                self._last = self._draw(self._integration_s)
            self._began_s = self._counted_until_s = ended_s
            self._partial = 0
        if now > self._counted_until_s:
            self._partial += self._draw(now - self._counted_until_s)
            self._counted_until_s = now
