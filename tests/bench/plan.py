"""How much is measured: the full plan for a result worth keeping, the quick one for a look."""

from dataclasses import asdict, dataclass
from typing import Any, Final

PACE_S: Final = 0.1
"""Distance of two cycles of a device in the paced measurements: 10 Hz."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure and for how long.

    Attributes:
        device_counts: numbers of instruments polled at once.
        together_counts: those with which the floor and the daemon also poll all devices at the same moments.
        rounds: how often all contenders take turns.
        settle_s: warm-up before each window.
        unthrottled_s: window of a measurement without pause between cycles.
        paced_s: window of a measurement at 10 Hz; with one or two devices `paced_few_s`, because polls are few.
        deadlines_s: how long the daemon's poll grid is watched with the most devices.
        repeats: of each command line that is timed.
        demo: also time the way from a stop signal to dark sources.
    """

    device_counts: tuple[int, ...]
    together_counts: tuple[int, ...]
    rounds: int
    settle_s: float
    unthrottled_s: float
    paced_s: float
    paced_few_s: float
    deadlines_s: float
    repeats: int
    demo: bool

    @property
    def most_devices(self) -> int:
        """The largest number of instruments polled at once."""
        return max(self.device_counts)

    def window_s(self, *, paced: bool, devices: int) -> float:
        """Length of one window."""
        if not paced:
            return self.unthrottled_s
        return self.paced_few_s if devices <= 2 else self.paced_s

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


FULL: Final = Plan((1, 2, 4, 8, 16, 32), (8, 32), 3, 0.15, 0.8, 1.5, 2.0, 20.0, 10, demo=True)
QUICK: Final = Plan((1, 32), (32,), 3, 0.1, 0.3, 0.5, 0.6, 4.0, 3, demo=False)
