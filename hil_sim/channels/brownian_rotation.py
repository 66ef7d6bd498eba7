"""Brownian motion of a rotation, exact in its step: the polarisation of a fibre that nobody holds.

The increment over a time t has the heat kernel of the rotation group as its law. With s^2 = (rate)^2 t and theta the
angle of rotation, its density with respect to the invariant law is

    K(theta) = sum_l (2l+1) exp(-l(l+1) s^2/2) sin((l+1/2) theta) / sin(theta/2)

(Perrin, Ann. Sci. Ec. Norm. Sup. 45, 1 (1928); Nikolayev and Savyolov, Textures Microstruct. 29, 201 (1997)). Summed
the other way round (Poisson) it is, for the rotation vector v of length theta, the Gaussian of standard deviation s per
component times sin(theta/2)/(theta/2), plus images at distances 4 pi on the covering group of unit quaternions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps, rows_per_block
from hil_sim.channels.quaternions import IDENTITY, multiply, normalized, turn_and_sinc, uniform_rotations
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, Range

GAUSSIAN_UP_TO_RAD = 1.0
"""Largest s drawn from the Gaussian; the images left out weigh exp(-(2 pi)^2 / (2 s^2)): 3e-9 at 1, 1e-34 at 0.5."""

_ORDERS = 10


@dataclass(frozen=True, slots=True, eq=False)
class BrownianRotation(PerLink):
    """Rotation that turns about every axis with the same rate; the state is a unit quaternion, shape (links, 4).

    The mean overlap of a polarisation with its start falls as exp(-rate^2 t), its square as exp(-3 rate^2 t).

    Attributes:
        rate_rad_per_sqrt_s: standard deviation about each of three axes of the Poincare sphere after one second.
    """

    rate_rad_per_sqrt_s: ArrayLike = 0.0

    RANGES: ClassVar[Mapping[str, Range]] = {"rate_rad_per_sqrt_s": NON_NEGATIVE}

    @property
    def off(self) -> bool:
        """Whether no link turns."""
        return not np.any(self.rate_rad_per_sqrt_s)

    def start(self, rng: np.random.Generator) -> Floats:  # noqa: ARG002 - an origin needs no chance
        """No rotation: links start aligned."""
        return np.broadcast_to(IDENTITY, (*self.shape, 4))

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process; each component of the path is contiguous, which is what later products of it like."""
        require_steps(steps, step_s)
        deviation = (floats(self.rate_rad_per_sqrt_s) * np.sqrt(step_s)).ravel()
        links = deviation.size
        memory = np.empty((4, steps, links))
        path = np.moveaxis(memory, 0, -1)
        before = state.reshape(links, 4)
        rows = rows_per_block(links)
        for first in range(0, steps, rows):
            turns = _turns(deviation, min(rows, steps - first), rng)
            turns[0] = multiply(turns[0], before)
            path[first : first + rows] = _running_product(turns)
            before = path[first + len(turns) - 1]
        path[-1] = normalized(path[-1])  # rounding does not gather over walks
        return np.moveaxis(memory.reshape(4, steps, *self.shape), 0, -1)


def _running_product(turns: Floats) -> Floats:
    """Products of the first 1, 2, 3, ... turns, by doubling: every entry then covers twice as many steps."""
    reach = 1
    while reach < len(turns):
        turns[reach:] = multiply(turns[reach:], turns[:-reach])
        reach *= 2
    return turns


def _turns(deviation: Floats, steps: int, rng: np.random.Generator) -> Floats:
    """Independent increments, shape (steps, links, 4), of standard deviation `deviation` (links,) per axis."""
    near = deviation <= GAUSSIAN_UP_TO_RAD
    if np.all(near):
        return _small_turns(deviation, steps, rng)
    turns = np.empty((steps, len(deviation), 4))
    turns[:, near] = _small_turns(deviation[near], steps, rng)
    turns[:, ~near] = _large_turns(deviation[~near], steps, rng)
    return turns


def _small_turns(deviation: Floats, steps: int, rng: np.random.Generator) -> Floats:
    """Gaussian rotation vectors, accepted with probability sin(theta/2)/(theta/2)."""
    vectors = np.moveaxis(rng.standard_normal((3, steps, len(deviation))), 0, -1)
    vectors *= deviation[:, np.newaxis]
    turns, chance = turn_and_sinc(vectors)
    step, link = np.nonzero(rng.random(chance.shape) >= chance)
    while len(step):
        again, chance = turn_and_sinc(deviation[link, np.newaxis] * rng.standard_normal((len(link), 3)))
        turns[step, link] = again
        refused = rng.random(len(link)) >= chance
        step, link = step[refused], link[refused]
    return turns


def _large_turns(deviation: Floats, steps: int, rng: np.random.Generator) -> Floats:
    """Rotations without preference, accepted with probability K(theta)/K(0), which is at least 1/6 on average."""
    orders = np.arange(_ORDERS)
    decay = np.exp(-orders * (orders + 1) * deviation[:, np.newaxis] ** 2 / 2)
    weights = (2 * orders + 1) * decay / np.sum((2 * orders + 1) ** 2 * decay, axis=-1, keepdims=True)
    step, link = (index.ravel() for index in np.indices((steps, len(deviation))))
    turns = np.empty((steps, len(deviation), 4))
    while len(step):
        turns[step, link] = again = uniform_rotations((len(step),), rng)
        chance = np.sum(weights[link] * _characters(again[:, 0]), axis=-1)
        refused = rng.random(len(step)) >= chance
        step, link = step[refused], link[refused]
    return turns


def _characters(half_cosine: Floats) -> Floats:
    """sin((l+1/2) theta)/sin(theta/2) = 1 + 2 sum_(m<=l) cos(m theta) for l = 0, 1, ..., from cos(theta/2)."""
    theta = 2 * np.arccos(np.minimum(np.abs(half_cosine), 1.0))
    cosines = 2 * np.cos(theta[:, np.newaxis] * np.arange(_ORDERS))
    cosines[:, 0] = 1.0
    return np.cumsum(cosines, axis=-1)
