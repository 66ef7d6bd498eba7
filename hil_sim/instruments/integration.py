"""Counting pulses over a time that passes while others change the light."""

from collections.abc import Sequence

from hil_sim.instruments.detectors_place import Counting
from qkdctl.clock import Clock


class PulseInputs:
    """Inputs of a counter, each wired to one detector of a place; a channel that the place lacks stays silent."""

    def __init__(self, place: Counting, channels: Sequence[int]) -> None:
        """Wire the first input to the first of the channels, and so on."""
        self._place = place
        self._channels = channels

    def draw(self, seconds: float) -> list[int]:
        """Pulses that arrive at each input within a time, drawn around the present rates."""
        present = range(len(self._place.detectors)) if seconds > 0 else ()
        return [self._place.draw_counts(n, seconds) if n in present else 0 for n in self._channels]


class Integration:
    """Counts of all inputs from now on for a time; look often, so that changes of the light are seen.

    Attributes:
        counts: pulses counted so far, per input.
        ends_s: monotonic time of its end.
    """

    def __init__(self, clock: Clock, inputs: PulseInputs, duration_s: float) -> None:
        """Begin to count."""
        self._clock = clock
        self._inputs = inputs
        self._counted_until_s = clock.monotonic()
        self.counts = inputs.draw(0.0)
        self.ends_s = self._counted_until_s + duration_s

    def advance(self) -> bool:
        """Count what arrived since the last look; whether the time is over."""
        until_s = min(self._clock.monotonic(), self.ends_s)
        fresh = self._inputs.draw(until_s - self._counted_until_s)
        self.counts = [old + new for old, new in zip(self.counts, fresh, strict=True)]
        self._counted_until_s = until_s
        return until_s >= self.ends_s
