"""Attacks on the quantum states of a prepare-and-measure link, and what errors they cause.

Every attack strikes a fraction of the pulses, chosen independently of those that other attacks strike.
"""

from dataclasses import dataclass, field

import numpy as np

from hil_sim.adversary.strengths import FRACTION, Floats, Strengths


@dataclass(frozen=True, slots=True)
class StateAttack(Strengths):
    """Fractions of the pulses that each attack strikes, shape (links,), 0 where there is none.

    Attributes:
        random_states: replaced by states that know nothing of the sender's bit.
        intercept_resend: measured in a basis chosen at random and sent on as measured; the Breidbart basis causes the
            same errors.
        one_basis: the same, always in basis Z.
        photon_number_splitting: relieved of one photon each, to be measured once the bases are known; single photons
            are blocked.
        blinding: measured as by the receiver, while bright light makes its detectors click as the eavesdropper wants
            and never otherwise.
    """

    random_states: Floats = field(metadata=FRACTION)
    intercept_resend: Floats = field(metadata=FRACTION)
    one_basis: Floats = field(metadata=FRACTION)
    photon_number_splitting: Floats = field(metadata=FRACTION)
    blinding: Floats = field(metadata=FRACTION)


def corrupted_errors(basis_errors: Floats, attack: StateAttack) -> Floats:
    """Error rates of photons under the attacks on states, shape (2 bases, links), row 0 being Z.

    An attack that makes a bit random with probability r turns e into e (1-r) + r/2, so that 1 - 2e is multiplied by
    1 - r, and several attacks multiply. Random states: r = p. A measurement in the wrong basis erases the bit, one in
    the right basis keeps it: intercept-resend has r = f/2 (Bennett, Bessette, Brassard, Salvail, Smolin, J. Cryptology
    5, 3 (1992)), and when all is measured in Z, r = 0 in Z and f in X.

    Args:
        basis_errors: error rate e without attack, in [0, 1/2].
        attack: of the same links.
    """
    both = (1 - attack.random_states) * (1 - attack.intercept_resend / 2)
    keep = np.stack([both, both * (1 - attack.one_basis)])
    return np.asarray(basis_errors * keep + (1 - keep) / 2)
