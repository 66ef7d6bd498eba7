"""Phase between the two fields of a twin-field link, which drifts from one phase reference to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, Range


@dataclass(frozen=True, slots=True, eq=False)
class PhaseNoise(PerLink):
    """Wiener phase, measured at every reference; the state is the logarithm of what its diffusion is multiplied by.

    Vibration and traffic come and go, so the diffusion itself wanders slowly.

    Attributes:
        diffusion_rad2_per_s: mean growth of the phase variance per second.
        reference_interval_s: time between references.
        reference_error_rad: standard deviation of the phase right after a reference.
        modulation, modulation_time_s: standard deviation and correlation time of the logarithm of the diffusion.
    """

    diffusion_rad2_per_s: ArrayLike = 0.0
    reference_interval_s: ArrayLike = 1e-4
    reference_error_rad: ArrayLike = 0.0
    modulation: ArrayLike = 0.0
    modulation_time_s: ArrayLike = 600.0

    RANGES: ClassVar[Mapping[str, Range]] = {
        "diffusion_rad2_per_s": NON_NEGATIVE,
        "reference_interval_s": POSITIVE,
        "reference_error_rad": NON_NEGATIVE,
        "modulation": NON_NEGATIVE,
        "modulation_time_s": POSITIVE,
    }

    @property
    def off(self) -> bool:
        """Whether the phase of every link is known."""
        return not (np.any(self.diffusion_rad2_per_s) or np.any(self.reference_error_rad))

    def start(self, rng: np.random.Generator) -> Floats:
        """A modulation from its stationary law."""
        return self._modulation().start(rng)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        return self._modulation().walk(state, steps, step_s, rng)

    def error(self, modulation: Floats) -> Floats:
        """Error probability by phase noise, averaged over the time between two references."""
        factor = np.exp(modulation - floats(self.modulation) ** 2 / 2)
        grown = floats(self.diffusion_rad2_per_s) * factor * floats(self.reference_interval_s)
        return drifting_phase_error(floats(self.reference_error_rad) ** 2, grown)

    def _modulation(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(self.modulation, self.modulation_time_s)


def phase_error(variance_rad2: ArrayLike) -> Floats:
    """Error of interference with a Gaussian phase, (1 - E[cos phi])/2 = (1 - exp(-s^2/2))/2; s^2/4 when small."""
    return np.asarray(-np.expm1(-floats(variance_rad2) / 2) / 2)


def drifting_phase_error(start_rad2: ArrayLike, grown_rad2: ArrayLike) -> Floats:
    """The same, averaged while the variance grows steadily by `grown_rad2` from `start_rad2`."""
    grown = floats(grown_rad2) / 2
    small = grown < 1e-6
    safe = np.where(small, 1.0, grown)
    lost = np.where(small, grown / 2, 1 + np.expm1(-safe) / safe)
    start = floats(start_rad2) / 2
    return np.asarray((-np.expm1(-start) + np.exp(-start) * lost) / 2)
