"""The wander that returns: Ornstein-Uhlenbeck processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps, rows_per_block
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, Range


@dataclass(frozen=True, slots=True, eq=False)
class OrnsteinUhlenbeck(PerLink):
    """Gaussian process of mean 0 whose correlation falls as exp(-t/tau).

    The step is exact, x' = x exp(-dt/tau) + s sqrt(1 - exp(-2 dt/tau)) N(0,1) (Gillespie, Phys. Rev. E 54, 2084
    (1996), eq. 3.1); an Euler step would be biased.

    Attributes:
        deviation: stationary standard deviation s.
        time_s: correlation time tau.
    """

    deviation: ArrayLike = 0.0
    time_s: ArrayLike = 1.0

    RANGES: ClassVar[Mapping[str, Range]] = {"deviation": NON_NEGATIVE, "time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether no link wanders."""
        return not np.any(self.deviation)

    def start(self, rng: np.random.Generator) -> Floats:
        """A draw from the stationary law."""
        return np.asarray(floats(self.deviation) * rng.standard_normal(self.shape))

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        require_steps(steps, step_s)
        lapse = step_s / floats(self.time_s)
        keep = np.exp(-lapse)
        path = rng.standard_normal((steps, *self.shape))
        path *= floats(self.deviation) * np.sqrt(-np.expm1(-2 * lapse))
        rows = rows_per_block(state.size)
        before = state
        for first in range(0, steps, rows):
            block = path[first : first + rows]
            block[0] += keep * before
            reach = 1
            while reach < len(block):  # by doubling: every entry then remembers twice as many kicks
                block[reach:] += keep**reach * block[:-reach]
                reach *= 2
            before = block[-1]
        return path
