"""How much is simulated: the full plan for a result worth keeping, the quick one for a look."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.bench.network.order import Order


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.

    Attributes:
        slices_s: number of links and the simulated time that all contenders share; tiny, because those who follow
            single photons need minutes for a second of many links.
        rounds: how often all contenders take turns.
        pulse_rate_hz: of each link.
        long_step_s, long_steps: what whoever steps counts instead of photons simulates besides.
    """

    slices_s: tuple[tuple[int, float], ...]
    rounds: int
    pulse_rate_hz: float
    long_step_s: float
    long_steps: int

    def order(self, links: int, slice_s: float, seed: int, *, long: bool) -> Order:
        """One slice, or the long run."""
        if long:
            return Order(links, self.pulse_rate_hz, self.long_step_s, self.long_steps, seed)
        return Order(links, self.pulse_rate_hz, slice_s, 1, seed)

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


FULL: Final = Plan(((100, 1e-3), (1000, 1e-4), (10_000, 2e-5)), 3, 1e6, 1.0, 100)
QUICK: Final = Plan(((10, 1e-3), (100, 1e-4), (1000, 2e-5)), 1, 1e6, 1.0, 10)
