"""How the loss of a fibre drifts."""

import numpy as np

from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.world.grid import GridProcess
from hil_sim.world.parameters import LossDrift


class ExcessLoss:
    """Loss of a fibre beyond its nominal value, in dB, as a function of the time since the start; it starts at zero."""

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, drift: LossDrift) -> None:
        self._drift = FibreLossDrift(**drift.model_dump())
        self._wander = GridProcess(seed, labels, step_s, self._drift.wander, np.zeros(()))

    def at(self, elapsed_s: float) -> float:
        """Excess loss in dB; may be negative when the wander is."""
        return float(self._drift.excess_db(self._wander.at(elapsed_s), elapsed_s))
