"""Something that is switched on and off at random times."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import POSITIVE, PROBABILITY, Range


@dataclass(frozen=True, slots=True, eq=False)
class Telegraph(PerLink):
    """Two-state Markov process; the state is 1 while on and 0 while off.

    Over a step, P(on) = p + (x - p) exp(-dt/tau). It stays on for tau/(1-p) on average and off for tau/p.

    Attributes:
        on_share: p, share of the time it is on.
        time_s: correlation time tau.
    """

    on_share: ArrayLike = 0.0
    time_s: ArrayLike = 1.0

    RANGES: ClassVar[Mapping[str, Range]] = {"on_share": PROBABILITY, "time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether every link is always off."""
        return not np.any(self.on_share)

    def start(self, rng: np.random.Generator) -> Floats:
        """On with the probability `on_share`."""
        return (rng.random(self.shape) < floats(self.on_share)).astype(np.float64)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        require_steps(steps, step_s)
        keep = np.exp(-step_s / floats(self.time_s))
        gain = floats(self.on_share) * (1 - keep)
        chance = rng.random((steps, *self.shape))
        path = np.empty_like(chance)
        before = state
        for step in range(steps):
            path[step] = before = np.asarray(chance[step] < gain + keep * before, dtype=np.float64)
        return path
