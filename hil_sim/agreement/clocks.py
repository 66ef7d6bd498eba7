"""Monotonic clocks of different hosts: they start anywhere, after every restart anew, and run at different rates."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A host's monotonic clock.

    Attributes:
        offset_s: its reading when the simulation began.
        rate: its seconds per true second.
    """

    offset_s: float
    rate: float

    def reading(self, now: float) -> float:
        """What it shows at a true time, in seconds."""
        return self.offset_s + self.rate * now

    def true_time(self, reading: float) -> float:
        """When it shows a reading, in seconds of true time."""
        return (reading - self.offset_s) / self.rate
