"""Polarisation as rotations of the Poincare sphere: the wandering fibre and the four-plate controller.

Coordinates follow the states of BB84: the key basis Z lies along the third axis, the test basis X along the first.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.quaternions import IDENTITY, to_matrix
from hil_sim.world.grid import GridProcess
from hil_sim.world.settings import Voltages

Rotation = NDArray[np.float64]


class RotationWalk:
    """Brownian motion of the fibre's rotation from alignment, as matrices and as a function of the time.

    The mean overlap of a state with its start falls as exp(-s^2 t), s being the walk in rad/sqrt(s) about each axis.
    """

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, walk_rad_per_sqrt_s: float) -> None:
        self._walk = GridProcess(seed, labels, step_s, BrownianRotation(walk_rad_per_sqrt_s), IDENTITY)

    def at(self, elapsed_s: float) -> Rotation:
        """Rotation at the last grid point not after this time.

        Raises:
            ValueError: for a time before the start.
        """
        return to_matrix(self._walk.at(elapsed_s))


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
