"""Ceilings that no protocol over a bare channel can pass."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


def plob_bound(transmittance: ArrayLike) -> Floats:
    """Most secret bits per channel use without a repeater, -log2(1 - eta); infinite for a lossless channel.

    Source: Pirandola, Laurenza, Ottaviani, Banchi, Nat. Commun. 8, 15043 (2017), eq. 1.

    Args:
        transmittance: power transmittance in [0, 1].

    Raises:
        ValueError: for a transmittance outside [0, 1].
    """
    eta = _checked(transmittance)
    lossless = eta == 1
    return np.asarray(np.where(lossless, np.inf, -np.log1p(-np.where(lossless, 0.0, eta)) / np.log(2.0)))


def single_repeater_bound(transmittance: ArrayLike) -> Floats:
    """Most secret bits per use of a channel with one repeater or relay midway, -log2(1 - sqrt(eta)).

    Source: Pirandola, Commun. Phys. 2, 51 (2019), the chain of one ideal repeater. Twin-field protocols may pass the
    bound without repeater, and must stay below this one.

    Args:
        transmittance: power transmittance of both halves together, in [0, 1].

    Raises:
        ValueError: for a transmittance outside [0, 1].
    """
    return plob_bound(np.sqrt(_checked(transmittance)))


def _checked(transmittance: ArrayLike) -> Floats:
    eta = floats(transmittance)
    if np.any((eta < 0) | (eta > 1)):
        raise ValueError(f"transmittance must lie in [0, 1], got {eta!r}")
    return eta
