"""The modified Bessel function I0 near zero, where the interference of weak pulses lives.

Subtracting 1 from a finished I0 loses its digits, so small arguments are summed term by term:
I0(z) - 1 = sum over k >= 1 of (z/2)^(2k) / (k!)^2 (Abramowitz and Stegun, eq. 9.6.12).
"""

from math import factorial

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import i0

from qkdctl.physics.arrays import Floats, floats

_SMALL = 1.0
_ORDERS = range(11, 0, -1)  # the first term left out is below 1e-23 of the first one at z = 1


def i0m1(argument: ArrayLike) -> Floats:
    """I0(z) - 1 to full relative precision, for |z| below 700."""
    z = np.abs(floats(argument))
    series = _series(z, [1 / factorial(k) ** 2 for k in _ORDERS])
    return np.asarray(np.where(z < _SMALL, series, i0(z) - 1))


def i0_beyond_parabola(argument: ArrayLike) -> Floats:
    """[I0(2z) - 1] - 4 [I0(z) - 1] to full relative precision, for |z| below 350; 3 z^4 / 16 at first.

    The parabolas of the two cancel; each further term of the series of I0(z) - 1 remains 4^k - 4 times.
    """
    z = np.abs(floats(argument))
    series = _series(z, [(4**k - 4) / factorial(k) ** 2 for k in _ORDERS])
    return np.asarray(np.where(z < _SMALL, series, i0(2 * z) - 4 * i0(z) + 3))


def _series(z: Floats, coefficients: list[float]) -> Floats:
    """Polynomial in (z/2)^2 without constant term, highest order first; arguments beyond the series give its edge."""
    square = np.minimum(z, _SMALL) ** 2 / 4
    total = np.zeros_like(square)
    for coefficient in coefficients:
        total = (total + coefficient) * square
    return np.asarray(total)
