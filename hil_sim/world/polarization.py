"""Polarisation as rotations of the Poincare sphere: the wandering fibre and the four-plate controller.

Coordinates follow the states of BB84: the key basis Z lies along the third axis, the test basis X along the first.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.grid import CHUNK_STEPS, GridProcess
from hil_sim.world.settings import Voltages

Rotation = NDArray[np.float64]


class RotationWalk(GridProcess):
    """Random walk of a rotation: every step turns by a small Gaussian vector without preferred direction.

    The mean overlap of a state with its start falls as exp(-s^2 t), s being the walk in rad/sqrt(s) about each axis:
    Brownian motion on the sphere, as long as one step is small.
    """

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, walk_rad_per_sqrt_s: float) -> None:
        super().__init__(seed, labels, step_s, np.eye(3))
        self._deviation = walk_rad_per_sqrt_s * math.sqrt(step_s)

    def _walk(self, rng: np.random.Generator, start: Rotation) -> Rotation:
        steps = _rotations(self._deviation * rng.standard_normal((CHUNK_STEPS, 3)))
        reach = 1
        while reach < CHUNK_STEPS:  # prefix products by doubling; every entry then covers twice as many steps
            steps[reach:] = steps[reach:] @ steps[:-reach]
            reach *= 2
        return np.concatenate([start[np.newaxis], _orthonormal(steps @ start)])


def controller_rotation(voltages_mv: Voltages, half_wave_mv: float) -> Rotation:
    """Rotation by four wave plates in series, at 0, 45, 0 and 45 degrees.

    A plate at voltage V retards by pi V / V_half: a turn about its own axis on the sphere. Plates at 0 degrees turn
    about the Z axis, those at 45 degrees about the X axis; three of them reach any rotation, the fourth leaves room
    at the limits.
    """
    total = np.eye(3)
    for plate, voltage_mv in enumerate(voltages_mv):
        angle = math.pi * voltage_mv / half_wave_mv
        total = (_turn_about_x(angle) if plate % 2 else _turn_about_z(angle)) @ total
    return total


def basis_errors(rotation: Rotation) -> tuple[float, float]:
    """Probability that a state of basis Z, and of basis X, is read as its opposite after this rotation."""
    return (1 - float(rotation[2, 2])) / 2, (1 - float(rotation[0, 0])) / 2


def _turn_about_z(angle: float) -> Rotation:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _turn_about_x(angle: float) -> Rotation:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _rotations(vectors: NDArray[np.float64]) -> Rotation:
    """Rotation matrices of rotation vectors, shape (n, 3) to (n, 3, 3) (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=1)[:, np.newaxis, np.newaxis]
    cross = np.zeros((len(vectors), 3, 3))
    x, y, z = vectors.T
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    cross -= cross.transpose(0, 2, 1)
    # np.sinc(t) = sin(pi t)/(pi t) is exact at zero, where the walk may stand still
    linear = np.sinc(angle / np.pi)
    quadratic = np.sinc(angle / (2 * np.pi)) ** 2 / 2
    return np.asarray(np.eye(3) + linear * cross + quadratic * (cross @ cross))


def _orthonormal(rotations: Rotation) -> Rotation:
    """One Newton step towards the nearest rotation: removes the rounding that products gather."""
    gram = rotations.transpose(0, 2, 1) @ rotations
    return np.asarray(rotations @ (1.5 * np.eye(3) - 0.5 * gram))
