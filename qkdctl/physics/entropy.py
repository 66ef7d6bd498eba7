"""Binary entropy."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


def h2(probability: ArrayLike) -> Floats:
    """Binary entropy -p log2 p - (1-p) log2(1-p) in bits.

    The argument is clipped to [0, 1], since bounds and rounding may leave it by a little; the result is exactly zero
    at both ends, keeps its relative precision for tiny p, and is NaN for NaN.
    """
    p = np.clip(floats(probability), 0.0, 1.0)
    q = 1 - p
    with_p = p * np.log2(np.where(p > 0, p, 1.0))
    with_q = q * np.log1p(-np.where(q > 0, p, 0.0)) / np.log(2.0)
    return np.asarray(0.0 - with_p - with_q)
