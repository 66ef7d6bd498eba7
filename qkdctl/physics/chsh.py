"""Key and eavesdropping seen through the violation of the CHSH inequality (E91).

The protocol is Ekert's, Phys. Rev. Lett. 67, 661 (1991); what S proves about an eavesdropper is from Acin et al., Phys.
Rev. Lett. 98, 230501 (2007), called ABGMPS below. Arguments may be arrays.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.entropy import h2

CLASSICAL_LIMIT = 2.0
"""Highest S that shared randomness can reach (Clauser, Horne, Shimony, Holt, Phys. Rev. Lett. 23, 880 (1969))."""

TSIRELSON_LIMIT = 2 * np.sqrt(2.0)
"""Highest S that quantum mechanics allows (Tsirelson, Lett. Math. Phys. 4, 93 (1980))."""


def chsh_value(qber: ArrayLike) -> Floats:
    """S of a Werner state whose error rate is this in every basis, 2 sqrt(2) (1 - 2 Q).

    Raises:
        ValueError: for an error rate outside [0, 1/2].
    """
    error = floats(qber)
    if np.any((error < 0) | (error > 0.5)):
        raise ValueError(f"QBER must lie in [0, 1/2], got {error!r}")
    return np.asarray(TSIRELSON_LIMIT * (1 - 2 * error))


def qber(chsh: ArrayLike) -> Floats:
    """Error rate of the Werner state of this S, the inverse of `chsh_value`.

    Raises:
        ValueError: for an S outside [0, 2 sqrt(2)].
    """
    return np.asarray((1 - _possible(chsh) / TSIRELSON_LIMIT) / 2)


def holevo_information(chsh: ArrayLike) -> Floats:
    """Most bits per key bit that an eavesdropper can hold, chi = h2((1 + sqrt((S/2)^2 - 1)) / 2) (ABGMPS).

    One whole bit up to the classical limit, none at Tsirelson's.

    Raises:
        ValueError: for an S outside [0, 2 sqrt(2)].
    """
    excess = (np.maximum(_possible(chsh), CLASSICAL_LIMIT) / CLASSICAL_LIMIT) ** 2 - 1
    return h2((1 + np.sqrt(excess)) / 2)


def key_fraction(qber: ArrayLike, chsh: ArrayLike) -> Floats:
    """Secret bits per sifted bit, r = 1 - h2(Q) - chi(S) (ABGMPS); negative where there is no key.

    Raises:
        ValueError: for an S outside [0, 2 sqrt(2)].
    """
    return np.asarray(1 - h2(qber) - holevo_information(chsh))


def _possible(chsh: ArrayLike) -> Floats:
    s = floats(chsh)
    # rounding of 2 sqrt(2) itself is no violation of quantum mechanics
    if np.any((s < 0) | (s > TSIRELSON_LIMIT * (1 + 1e-12))):
        raise ValueError(f"S must lie in [0, 2 sqrt(2)], got {s!r}")
    return s
