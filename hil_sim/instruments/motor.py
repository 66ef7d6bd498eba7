"""A stepper motor that obeys one command after another, as a function of the clock."""

from collections import deque
from dataclasses import dataclass

from qkdctl.clock import Clock


@dataclass(frozen=True, slots=True)
class _Move:
    begin_s: float
    end_s: float
    origin: float
    target: float

    def at(self, time_s: float) -> float:
        if time_s >= self.end_s:
            return self.target
        done = max(time_s - self.begin_s, 0.0) / (self.end_s - self.begin_s)
        return self.origin + (self.target - self.origin) * done


class Motor:
    """Position of a motor that moves at a steady speed; commands queue behind each other."""

    def __init__(self, clock: Clock, position: float = 0.0) -> None:
        """Stand still at `position` steps."""
        self._clock = clock
        now = clock.monotonic()
        self._moves = deque([_Move(now, now, position, position)])

    def free_s(self) -> float:
        """When the motor will have done everything it was told; now, when it stands still."""
        return max(self._moves[-1].end_s, self._clock.monotonic())

    def target(self) -> float:
        """Where it will stand then."""
        return self._moves[-1].target

    def position(self) -> float:
        """Where it is now, in steps."""
        now = self._clock.monotonic()
        while len(self._moves) > 1 and self._moves[1].begin_s <= now:
            self._moves.popleft()
        return self._moves[0].at(now)

    def move(self, target: float, *, steps_per_s: float, pause_s: float = 0.0) -> None:
        """Go to `target` at a speed above zero, after everything before and a pause."""
        begin_s = self.free_s() + pause_s
        self.position()  # forgets moves that are over
        duration_s = abs(target - self.target()) / steps_per_s
        self._moves.append(_Move(begin_s, begin_s + duration_s, self.target(), target))

    def halt(self) -> None:
        """Lose power: stop where it is and forget the rest."""
        position, now = self.position(), self._clock.monotonic()
        self._moves = deque([_Move(now, now, position, position)])
