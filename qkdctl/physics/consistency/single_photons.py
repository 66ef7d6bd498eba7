"""What counts of several intensities prove about pulses, or pairs of pulses, of one photon each."""

from dataclasses import dataclass

import numpy as np

from qkdctl.physics.arrays import Floats, quotient
from qkdctl.physics.consistency.yield_program import YieldProgram


@dataclass(frozen=True, slots=True)
class SinglePhotons:
    """Tight bounds: the linear program knows nothing that these leave out. Shape (bases,).

    Attributes:
        yield_low: lowest Y1 (Y11 of pairs) that explains the counts.
        yield_high: highest one that does.
        error_product_high: highest e1 Y1 (e11 Y11) that does.
    """

    yield_low: Floats
    yield_high: Floats
    error_product_high: Floats

    def error_high(self) -> Floats:
        """Upper bound on e1 (e11), at most 1/2; 1/2 where nothing is known."""
        return np.asarray(np.minimum(quotient(self.error_product_high, self.yield_low, 0.5), 0.5))


def single_photons(program: YieldProgram) -> SinglePhotons | None:
    """Bounds from a program for one or two senders; None if no yields explain its estimates."""
    senders = len(program.photons.states[0])
    state = program.photons.states.index((1,) * senders)
    yields = program.ranges(state)
    errors = program.ranges(state, errors=True)
    if yields is None or errors is None:
        return None
    return SinglePhotons(*yields, errors[1])
