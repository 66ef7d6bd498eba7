"""How numbers enter and leave the formulas of this package."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def floats(values: ArrayLike) -> Floats:
    """Numbers, or sequences of them, as an array of doubles; an array of doubles is returned as it is."""
    return np.asarray(values, dtype=np.float64)
