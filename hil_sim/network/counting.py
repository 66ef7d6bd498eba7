"""Binomial counts out of standard normal noise.

A simulation of many networks at once has to give each network the noise of its own random stream and yet count all
links in one sweep. Drawing normal noise per network and mapping it here, element by element, does both.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

NEARLY_NORMAL_VARIANCE: Final = 9.0
"""From this variance on the expansion is used; its distribution is then within 3e-4 of the binomial one (total
variation) for every probability, and the distance falls as the power 3/2 of the variance."""

_NEGLIGIBLE: Final = 1e-25
_LIGHT_MEAN: Final = 2.0


def binomial(trials: ArrayLike, probability: ArrayLike, noise: ArrayLike) -> Counts:
    """Successes in so many trials; of the binomial law when the noise is standard normal, and rising with the noise.

    The quantile of a lattice distribution by a Cornish-Fisher expansion to third order (Abramowitz and Stegun,
    26.2.49), with Sheppard's corrections to the variance and the fourth cumulant for the width of the lattice; by
    exact summation where the variance is below `NEARLY_NORMAL_VARIANCE`.

    Args:
        trials: numbers of trials, 0 or more, below 2**53.
        probability: of a success, in [0, 1].
        noise: standard normal deviates; all arguments broadcast.

    Returns:
        Counts between 0 and the trials.
    """
    n, p, z = (np.asarray(values, dtype=np.float64) for values in (trials, probability, noise))
    mean = n * p
    spread = mean * (1 - p)
    few = spread < NEARLY_NORMAL_VARIANCE
    counts = _expanded(mean, np.maximum(spread, NEARLY_NORMAL_VARIANCE), p, z)
    np.rint(counts, out=counts)
    np.maximum(counts, 0.0, out=counts)
    np.minimum(counts, n, out=counts)
    if few.any():
        few, n, p, z = np.broadcast_arrays(few, n, p, z)
        counts[few] = _summed(n[few], p[few], z[few])
    return counts.astype(np.int64)


def poisson(mean: ArrayLike, noise: ArrayLike) -> Counts:
    """Counts of this mean, as the binomial law of 2**50 trials."""
    trials = 2.0**50
    return binomial(trials, np.asarray(mean, dtype=np.float64) / trials, noise)


def _expanded(mean: Floats, variance: Floats, p: Floats, z: Floats) -> Floats:
    squared_width = variance - 1 / 12
    width = np.sqrt(squared_width)
    square = z * z
    skew = (variance / squared_width) * (1 - 2 * p)
    excess = (variance * (1 - 6 * p * (1 - p)) + 1 / 120) / squared_width
    bend = (excess / 24) * (square - 3) - (skew * skew) * (square / 18 - 5 / 36)
    return np.asarray(mean + skew * ((square - 1) / 6) + z * (width + bend / width))


def _summed(n: Floats, p: Floats, z: Floats) -> Floats:
    """Sum the probabilities of 0, 1, 2... successes, or of failures where those are rarer, up to the noise."""
    flipped = p > 0.5
    rare = np.where(flipped, 1 - p, p)
    level = ndtr(np.where(flipped, -z, z))
    # Few of many elements have much to sum; they would set the pace of all, so they go apart.
    heavy = n * rare > _LIGHT_MEAN
    counts = np.empty(n.shape)
    for part in (heavy, ~heavy):
        counts[part] = _steps_to(level[part], n[part], rare[part])
    return np.where(flipped, n - counts, counts)


def _steps_to(level: Floats, n: Floats, p: Floats) -> Floats:
    """Smallest numbers of successes whose cumulative probability reaches the levels."""
    odds = p / (1 - p)
    rising = odds * (n + 1)
    term = np.exp(n * np.log1p(-p))
    missing = level - term
    counts = np.zeros(n.shape)
    k = 0
    while True:
        # beyond the last term nothing is missing but what rounding has left over
        below = (missing > 0) & (term > _NEGLIGIBLE)
        if not below.any():
            return np.minimum(counts, n)
        counts += below
        k += 1
        term *= np.maximum(rising / k - odds, 0.0)
        missing -= term
