"""BB84 with weak pulses and no decoys: every pulse of several photons counts as known to the adversary."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.decoy import Observed
from qkdctl.physics.entropy import h2


def multi_photon_probability(mean_photon_number: ArrayLike) -> Floats:
    """Probability 1 - (1 + mu) exp(-mu) that a pulse holds two photons or more, exact for weak pulses."""
    return np.asarray(gammainc(2.0, floats(mean_photon_number)))


def rate_without_decoys(signal: Observed, *, correction: ArrayLike, sift: ArrayLike = 0.5) -> Floats:
    """Secret bits per pulse, R = q Q { Omega [1 - h2(E/Omega)] - f h2(E) } with Omega = 1 - p_multi/Q.

    Source: Gottesman, Lo, Luetkenhaus, Preskill, Quantum Inf. Comput. 4, 325 (2004), as used by Ma, Qi, Zhao, Lo, Phys.
    Rev. A 72, 012326 (2005), section II. Negative where there is no key; the first term is zero where pulses of several
    photons could explain all clicks, or where the errors of the others could reach 1/2.

    Args:
        signal: the one intensity, its gain and error rate.
        correction: inefficiency f >= 1 of error correction.
        sift: share q of pulses that survive sifting.
    """
    clicks, errors = floats(signal.gain), floats(signal.error_rate)
    untagged = np.maximum(clicks - multi_photon_probability(signal.mean_photon_number), 0.0)
    error_share = np.minimum(quotient(errors * clicks, untagged, 0.5), 0.5)
    cost = floats(correction) * clicks * h2(errors)
    return np.asarray(floats(sift) * (untagged * (1 - h2(error_share)) - cost))
