"""Error rates beyond which no key can be made from perfect single photons, one-way."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.entropy import h2

_HALVINGS = 60


def error_at_zero(falling: Callable[[Floats], Floats], shape: tuple[int, ...]) -> Floats:
    """Error rates in [0, 1/2] at which falling functions of them pass 0; 0 where they are never above it."""
    low, high = np.zeros(shape), np.full(shape, 0.5)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = falling(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(low)


def bb84_error_threshold(correction: ArrayLike = 1.0) -> Floats:
    """Root of 1 - (1 + f) h2(E): 0.110 for f = 1 (Shor, Preskill, Phys. Rev. Lett. 85, 441 (2000)).

    Args:
        correction: inefficiency f >= 1 of error correction.
    """
    f = floats(correction)
    return error_at_zero(lambda error: 1 - (1 + f) * h2(error), f.shape)


def six_state_error_threshold() -> Floats:
    """Root of 1 + (1 - 3E/2) log2(1 - 3E/2) + (3E/2) log2(E/2), 0.126 (Lo, Quantum Inf. Comput. 1, 81 (2001))."""
    return error_at_zero(_six_state_rate, ())


def _six_state_rate(error: Floats) -> Floats:
    """Secret bits per sifted bit when errors are X, Y and Z flips alike, E/2 each."""
    flips = 1.5 * error
    return np.asarray(1 + (1 - flips) * np.log2(1 - flips) + flips * np.log2(error / 2))
