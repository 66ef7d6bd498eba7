"""Polarisation that a feedback holds: a rotation that wanders around alignment and always returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.quaternions import from_rotation_vector
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, Range


@dataclass(frozen=True, slots=True, eq=False)
class Misalignment(PerLink):
    """Rotation vector whose three components are Ornstein-Uhlenbeck processes; the state is the vector, (links, 3).

    Meant for residuals that change slowly against a step. Faster ones act through their mean, which belongs into the
    intrinsic error of the link (`mean_basis_error`).

    Attributes:
        deviation_rad: stationary standard deviation about each axis of the Poincare sphere.
        time_s: correlation time.
    """

    deviation_rad: ArrayLike = 0.0
    time_s: ArrayLike = 60.0

    RANGES: ClassVar[Mapping[str, Range]] = {"deviation_rad": NON_NEGATIVE, "time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether every link is aligned."""
        return not np.any(self.deviation_rad)

    def start(self, rng: np.random.Generator) -> Floats:
        """A vector from the stationary law."""
        return self._components().start(rng)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        return self._components().walk(state, steps, step_s, rng)

    def rotation(self, vector_rad: Floats) -> Floats:
        """Unit quaternions (..., 4) of states (..., 3)."""
        return from_rotation_vector(vector_rad)

    def _components(self) -> OrnsteinUhlenbeck:
        shape = (*self.shape, 3)
        deviation, time_s = (floats(values)[..., np.newaxis] for values in (self.deviation_rad, self.time_s))
        return OrnsteinUhlenbeck(np.broadcast_to(deviation, shape), np.broadcast_to(time_s, shape))


def mean_basis_error(deviation_rad: ArrayLike) -> Floats:
    """Mean error of either basis for a Gaussian rotation vector of this standard deviation per component.

    It is (1 - E[R_zz])/2 with E[R_zz] = (1 + 2 E[cos theta])/3 and E[cos theta] = (1 - s^2) exp(-s^2/2).
    """
    squared = floats(deviation_rad) ** 2
    return np.asarray((-np.expm1(-squared / 2) + squared * np.exp(-squared / 2)) / 3)


def mean_angle_error(deviation_rad: ArrayLike) -> Floats:
    """Mean of sin^2 of a single Gaussian angle between polarisations, (1 - exp(-2 s^2))/2; .1 rad gives .99 %."""
    return np.asarray(-np.expm1(-2 * floats(deviation_rad) ** 2) / 2)
