"""How the loss of a fibre drifts: wander, steady growth and a day cycle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import FINITE, NON_NEGATIVE, POSITIVE, Range

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class FibreLossDrift(PerLink):
    """Loss of a fibre beyond its nominal value; the state is the wander in dB.

    Attributes:
        wander_db, wander_time_s: stationary standard deviation and correlation time of an Ornstein-Uhlenbeck process.
        ramp_db_per_hour: steady growth.
        day_amplitude_db, day_phase_rad: sine of 24 h period and its phase at elapsed time 0.
    """

    wander_db: ArrayLike = 0.0
    wander_time_s: ArrayLike = 3600.0
    ramp_db_per_hour: ArrayLike = 0.0
    day_amplitude_db: ArrayLike = 0.0
    day_phase_rad: ArrayLike = 0.0

    RANGES: ClassVar[Mapping[str, Range]] = {
        "wander_db": NON_NEGATIVE,
        "wander_time_s": POSITIVE,
        "ramp_db_per_hour": FINITE,
        "day_amplitude_db": NON_NEGATIVE,
        "day_phase_rad": FINITE,
    }

    @property
    def wander(self) -> OrnsteinUhlenbeck:
        """The random part."""
        return OrnsteinUhlenbeck(self.wander_db, self.wander_time_s)

    @property
    def off(self) -> bool:
        """Whether the loss of every link stays nominal."""
        return not (np.any(self.wander_db) or np.any(self.ramp_db_per_hour) or np.any(self.day_amplitude_db))

    def start(self, rng: np.random.Generator) -> Floats:
        """A wander from its stationary law."""
        return self.wander.start(rng)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        return self.wander.walk(state, steps, step_s, rng)

    def excess_db(self, wander_db: Floats, elapsed_s: ArrayLike) -> Floats:
        """Loss beyond the nominal one in dB, negative when the fibre is better than nominal.

        Args:
            wander_db: states, shape (..., links).
            elapsed_s: time since the start, broadcast against them.
        """
        elapsed = floats(elapsed_s)
        day = floats(self.day_amplitude_db) * np.sin(2 * np.pi * elapsed / DAY_S + floats(self.day_phase_rad))
        return np.asarray(wander_db + floats(self.ramp_db_per_hour) * (elapsed / 3600) + day)


def fibre_loss_db(nominal_db: ArrayLike, excess_db: ArrayLike) -> Floats:
    """Loss of a fibre whose excess may be negative; no fibre amplifies, so it is never less than 0 dB."""
    return np.maximum(floats(nominal_db) + floats(excess_db), 0.0)
