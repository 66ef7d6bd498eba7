"""A quantity that moves at a steady rate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight move from one value to another.

    Attributes:
        origin, target: value before and after.
        begin_s: monotonic time at which it begins.
        rate_per_s: change per second, above zero.
    """

    origin: float
    target: float
    begin_s: float
    rate_per_s: float

    @property
    def end_s(self) -> float:
        """When the target is reached."""
        return self.begin_s + abs(self.target - self.origin) / self.rate_per_s

    def at(self, time_s: float) -> float:
        """The value at a time."""
        if time_s >= self.end_s:
            return self.target
        done = max(time_s - self.begin_s, 0.0) * self.rate_per_s
        return self.origin + done if self.target > self.origin else self.origin - done

    def towards(self, target: float, time_s: float, rate_per_s: float) -> "Ramp":
        """A new move from where this one is at a time."""
        return Ramp(self.at(time_s), target, time_s, rate_per_s)
