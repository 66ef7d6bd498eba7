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

_NEGLIGIBLE: Final = 1e-17


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
    n, p, z = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (trials, probability, noise)))
    mean = n * p
    variance = mean * (1 - p)
    few = variance < NEARLY_NORMAL_VARIANCE
    counts = _expanded(mean, np.where(few, NEARLY_NORMAL_VARIANCE, variance), p, z)
    np.clip(np.rint(counts, out=counts), 0, n, out=counts)
    if few.any():
        counts[few] = _summed(n[few], p[few], z[few])
    return counts.astype(np.int64)


def poisson(mean: ArrayLike, noise: ArrayLike) -> Counts:
    """Counts of this mean, as the binomial law of 2**50 trials."""
    trials = 2.0**50
    return binomial(trials, np.asarray(mean, dtype=np.float64) / trials, noise)


def _expanded(mean: Floats, variance: Floats, p: Floats, z: Floats) -> Floats:
    width = np.sqrt(variance - 1 / 12)
    skewness = variance * (1 - 2 * p) / width**3
    excess = (variance * (1 - 6 * p * (1 - p)) + 1 / 120) / width**4
    square = z * z
    bend = excess / 24 * (square - 3) - skewness * skewness / 36 * (2 * square - 5)
    return np.asarray(mean + width * (z + skewness / 6 * (square - 1) + z * bend))


def _summed(n: Floats, p: Floats, z: Floats) -> Floats:
    """Add up the probabilities of 0, 1, 2... successes (of failures where those are rarer) until the noise is reached."""
    rare = np.minimum(p, 1 - p)
    flipped = p > 0.5
    level = ndtr(np.where(flipped, -z, z))
    counts = np.zeros(n.shape)
    term = np.exp(n * np.log1p(-rare))
    # Elements that are done leave the sum, or the largest count of all would set the pace.
    left = np.flatnonzero(level > term)
    total, term, level = term[left], term[left], level[left]
    trials, odds = n[left], (rare / (1 - rare))[left]
    k = 0
    while left.size:
        k += 1
        term = term * odds * (trials - (k - 1)) / k
        total = total + term
        counts[left] = k
        open_ = (level > total) & (k < trials) & ((term > _NEGLIGIBLE) | (k < trials * odds))
        left, total, term, level = left[open_], total[open_], term[open_], level[open_]
        trials, odds = trials[open_], odds[open_]
    return np.where(flipped, n - counts, counts)
