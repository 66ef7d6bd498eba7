"""What a lying relay of a measurement-device-independent or twin-field link does to the bits of its two senders.

Such a relay is never trusted: nothing that it announces tells it the key (Lo, Curty, Qi, Phys. Rev. Lett. 108, 130503
(2012)). It can only destroy key.
"""

from dataclasses import dataclass, field

import numpy as np

from hil_sim.adversary.strengths import FRACTION, Floats, Strengths


@dataclass(frozen=True, slots=True)
class RelayAttack(Strengths):
    """Fractions of the announcements that are false, shape (links,), 0 where there are none.

    Attributes:
        fabrication: made up, whatever arrived.
        z_measurement: results of measuring either pulse in basis Z instead of both together.
    """

    fabrication: Floats = field(metadata=FRACTION)
    z_measurement: Floats = field(metadata=FRACTION)


def announced_clicks(right: Floats, wrong: Floats, attack: RelayAttack) -> tuple[Floats, Floats]:
    """Right and wrong bits after the relay's lies, shape (2 bases, cells, links) like the arguments.

    A relay may announce as often as it likes, so the sums of both stay as they would be. A made-up result is wrong
    half of the time, E -> (1-g) E + g/2 in both bases. Measured in Z, the bits of basis Z stay right and those of
    basis X become random.
    """
    keep_z = 1 - attack.fabrication
    lost = 1 - np.stack([keep_z, keep_z * (1 - attack.z_measurement)])[:, np.newaxis]
    if not lost.any():
        return right, wrong
    half = (right + wrong) / 2
    return right * (1 - lost) + half * lost, wrong * (1 - lost) + half * lost
