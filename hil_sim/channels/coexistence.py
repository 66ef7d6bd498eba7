"""Classical light in the fibre of a quantum link, lit and dark as its traffic is routed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.telegraph import Telegraph
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, PROBABILITY, Range


@dataclass(frozen=True, slots=True, eq=False)
class ClassicalLight(PerLink):
    """Noise photons of a classical channel that is switched; the state is 1 while it is lit.

    Attributes:
        photons_per_gate: mean noise photons per gate at the receiver while it is lit (see raman.photons_per_gate).
        lit_share, switching_time_s: share of the time it is lit, and correlation time of its switching.
    """

    photons_per_gate: ArrayLike = 0.0
    lit_share: ArrayLike = 1.0
    switching_time_s: ArrayLike = 3600.0

    RANGES: ClassVar[Mapping[str, Range]] = {
        "photons_per_gate": NON_NEGATIVE,
        "lit_share": PROBABILITY,
        "switching_time_s": POSITIVE,
    }

    @property
    def off(self) -> bool:
        """Whether no link ever sees a noise photon."""
        return not np.any(floats(self.photons_per_gate) * floats(self.lit_share))

    def start(self, rng: np.random.Generator) -> Floats:
        """Lit with the probability `lit_share`."""
        return self._switch().start(rng)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        return self._switch().walk(state, steps, step_s, rng)

    def background(self, lit: Floats) -> Floats:
        """Mean noise photons per gate at the receiver."""
        return np.asarray(floats(self.photons_per_gate) * lit)

    def _switch(self) -> Telegraph:
        return Telegraph(self.lit_share, self.switching_time_s)
