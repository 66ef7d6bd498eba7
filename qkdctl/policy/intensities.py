"""The mean photon numbers a policy can choose: 48 values in equal ratios from 0.05 to 1.

One step is a factor 20^(1/47), 6.6 % or 0.28 dB. The values are integer roots, so every machine holds the same table.
"""

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np

from qkdctl.policy.integers import Number

STEPS: Final = 48
LOWEST_E6: Final = 50_000
HIGHEST_E6: Final = 1_000_000


def _root(value: int, degree: int) -> int:
    """Largest integer whose power does not exceed the value."""
    low, high = 0, 1
    while high**degree <= value:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


MEAN_PHOTON_NUMBERS_E6: Final[tuple[int, ...]] = tuple(
    _root(LOWEST_E6 ** (STEPS - 1 - step) * HIGHEST_E6**step, STEPS - 1) for step in range(STEPS)
)


def step_below(mean_photon_number_e6: Number) -> Number:
    """Highest step at or below a mean photon number (1e-6 photons per pulse), or each of many; -1 below the table."""
    if isinstance(mean_photon_number_e6, np.ndarray):
        return np.asarray(np.searchsorted(MEAN_PHOTON_NUMBERS_E6, mean_photon_number_e6, side="right") - 1)
    return bisect_right(MEAN_PHOTON_NUMBERS_E6, mean_photon_number_e6) - 1


def moved(mean_photon_number_e6: int, steps: int) -> int:
    """Mean photon number after a number of table steps, clamped to the table.

    From a value between two steps the first step leads to the next table value, so no move is longer than its steps. A
    dark source (0) stays dark.

    Args:
        mean_photon_number_e6: where to start, 1e-6 photons per pulse.
        steps: how far to go; negative is down.
    """
    if mean_photon_number_e6 == 0 or steps == 0:
        return mean_photon_number_e6
    below = step_below(mean_photon_number_e6)
    if steps > 0:
        return max(mean_photon_number_e6, MEAN_PHOTON_NUMBERS_E6[min(below + steps, STEPS - 1)])
    above = bisect_left(MEAN_PHOTON_NUMBERS_E6, mean_photon_number_e6)
    return min(mean_photon_number_e6, MEAN_PHOTON_NUMBERS_E6[max(above + steps, 0)])
