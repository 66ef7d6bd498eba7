"""How far the intensity of a source strays from what its controller believes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, Range

_SLOW, _FAST = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class SourceDrift(PerLink):
    """Logarithm of the intensity over its set value: slow drift and white error; the state is the pair, (links, 2).

    A step sees the white error averaged over itself, so its variance is one over the step: two short steps together
    are one long one.

    Attributes:
        drift, drift_time_s: stationary standard deviation and correlation time of the slow part (.02 is 2 %).
        white: standard deviation of the white part averaged over one second.
    """

    drift: ArrayLike = 0.0
    drift_time_s: ArrayLike = 4 * 3600.0
    white: ArrayLike = 0.0

    RANGES: ClassVar[Mapping[str, Range]] = {
        "drift": NON_NEGATIVE,
        "drift_time_s": POSITIVE,
        "white": NON_NEGATIVE,
    }

    @property
    def off(self) -> bool:
        """Whether every source keeps to its set value."""
        return not (np.any(self.drift) or np.any(self.white))

    def start(self, rng: np.random.Generator) -> Floats:
        """A drift from its stationary law, and no white error yet."""
        slow = self._slow().start(rng)
        return np.stack([slow, np.zeros_like(slow)], axis=-1)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        require_steps(steps, step_s)
        path = np.empty((steps, *self.shape, 2))
        path[..., _SLOW] = self._slow().walk(state[..., _SLOW], steps, step_s, rng)
        deviation = floats(self.white) / np.sqrt(step_s)
        path[..., _FAST] = deviation * rng.standard_normal((steps, *self.shape)) - deviation**2 / 2
        return path

    def factor(self, state: Floats) -> Floats:
        """True intensity over the believed one; its mean is 1."""
        return np.asarray(np.exp(state[..., _SLOW] + state[..., _FAST] - floats(self.drift) ** 2 / 2))

    def _slow(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(self.drift, self.drift_time_s)
