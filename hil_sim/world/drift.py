"""How the loss of a fibre drifts."""

import math
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.grid import CHUNK_STEPS, GridProcess
from hil_sim.world.parameters import LossDrift

DAY_S = 86_400.0


class OrnsteinUhlenbeck(GridProcess):
    """Zero-mean Ornstein-Uhlenbeck process that starts at zero.

    The step is exact, x' = x exp(-dt/tau) + s sqrt(1 - exp(-2 dt/tau)) N(0,1), so the variance does not depend on
    the grid (Gillespie, Phys. Rev. E 54, 2084 (1996), eq. 3.1).
    """

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, deviation: float, time_s: float) -> None:
        super().__init__(seed, labels, step_s, np.zeros(()))
        self._keep = math.exp(-step_s / time_s)
        self._kick = deviation * math.sqrt(-math.expm1(-2 * step_s / time_s))

    def _walk(self, rng: np.random.Generator, start: NDArray[np.float64]) -> NDArray[np.float64]:
        kicks = (self._kick * rng.standard_normal(CHUNK_STEPS)).tolist()
        keep = self._keep
        return np.fromiter(accumulate(kicks, lambda x, kick: keep * x + kick, initial=float(start)), dtype=float)


class ExcessLoss:
    """Loss of a fibre beyond its nominal value, in dB, as a function of the time since the start."""

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, drift: LossDrift) -> None:
        self._drift = drift
        self._wander = OrnsteinUhlenbeck(seed, labels, step_s, drift.wander_db, drift.wander_time_s)

    def at(self, elapsed_s: float) -> float:
        """Excess loss in dB; may be negative when the wander is."""
        drift = self._drift
        day = drift.day_amplitude_db * math.sin(2 * math.pi * elapsed_s / DAY_S)
        return float(self._wander.at(elapsed_s)) + drift.ramp_db_per_hour * elapsed_s / 3600 + day
