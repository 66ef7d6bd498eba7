"""Ceilings that no protocol over a bare channel can pass."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


def plob_bound(transmittance: ArrayLike) -> Floats:
    """Most secret bits per channel use without a repeater, -log2(1 - eta); infinite for a lossless channel.

    Source: Pirandola, Laurenza, Ottaviani, Banchi, Nat. Commun. 8, 15043 (2017), eq. 1. One repeater midway: pass
    the square root of the transmittance (Pirandola, Commun. Phys. 2, 51 (2019)).

    Args:
        transmittance: power transmittance in [0, 1].

    Raises:
        ValueError: for a transmittance outside [0, 1].
    """
    eta = floats(transmittance)
    if np.any((eta < 0) | (eta > 1)):
        raise ValueError(f"transmittance must lie in [0, 1], got {eta!r}")
    lossless = eta == 1
    return np.asarray(np.where(lossless, np.inf, -np.log1p(-np.where(lossless, 0.0, eta)) / np.log(2.0)))
