"""How likely each photon number is in pulses whose intensities are known to a tolerance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, gammaln, xlogy

from qkdctl.physics.arrays import Floats, floats

_MOST_PHOTONS = 100


@dataclass(frozen=True, slots=True)
class PhotonNumbers:
    """Probability of each photon number (or pair of photon numbers) for each setting of the sources.

    Attributes:
        states: the photon numbers kept, in order; pairs (n, m) for two senders.
        least: lowest probability within the tolerance, shape (settings, states).
        most: highest probability within the tolerance, same shape.
        beyond: highest probability of all states not kept, shape (settings,).
    """

    states: tuple[tuple[int, ...], ...]
    least: Floats
    most: Floats
    beyond: Floats


def of_pulses(mean_photon_numbers: ArrayLike, *, beyond: float, tolerance: float = 0.0) -> PhotonNumbers:
    """Photon numbers of Poissonian pulses, one setting per intensity.

    Args:
        mean_photon_numbers: intensities mu >= 0, shape (settings,).
        beyond: probability that a pulse may hold more photons than are kept.
        tolerance: share by which a true intensity may differ from the stated one, in [0, 1).

    Raises:
        ValueError: for an intensity or tolerance outside its range.
    """
    mu = _checked(mean_photon_numbers, tolerance)
    brightest = mu * (1 + tolerance)
    cutoff = _cutoff(float(brightest.max()), beyond)
    least, most = _range_of_poisson(mu, tolerance, cutoff)
    states = tuple((n,) for n in range(cutoff + 1))
    return PhotonNumbers(states, least, most, np.asarray(gammainc(cutoff + 1.0, brightest)))


def of_pairs(
    mean_photon_numbers_a: ArrayLike, mean_photon_numbers_b: ArrayLike, *, beyond: float, tolerance: float = 0.0
) -> PhotonNumbers:
    """Photon numbers (n, m) of pairs of independent pulses, n + m bounded; one setting per pair of intensities.

    The settings run over the second sender's intensities first. Arguments and errors are those of `of_pulses`.
    """
    mu_a, mu_b = _checked(mean_photon_numbers_a, tolerance), _checked(mean_photon_numbers_b, tolerance)
    brightest = np.add.outer(mu_a, mu_b).ravel() * (1 + tolerance)
    cutoff = _cutoff(float(brightest.max()), beyond)
    states = tuple((n, m) for n in range(cutoff + 1) for m in range(cutoff + 1 - n))
    pairs = np.asarray(states)
    ends = zip(_range_of_poisson(mu_a, tolerance, cutoff), _range_of_poisson(mu_b, tolerance, cutoff), strict=True)
    least, most = (
        (a[:, np.newaxis, pairs[:, 0]] * b[np.newaxis, :, pairs[:, 1]]).reshape(-1, len(states)) for a, b in ends
    )
    return PhotonNumbers(states, least, most, np.asarray(gammainc(cutoff + 1.0, brightest)))


def _checked(mean_photon_numbers: ArrayLike, tolerance: float) -> Floats:
    mu = np.atleast_1d(floats(mean_photon_numbers))
    if mu.ndim != 1 or not np.all((mu >= 0) & np.isfinite(mu)):
        raise ValueError(f"mean photon numbers must be a row of numbers >= 0, got {mu!r}")
    if not 0 <= tolerance < 1:
        raise ValueError(f"the tolerance of intensities must lie in [0, 1), got {tolerance}")
    return mu


def _cutoff(mean_photon_number: float, beyond: float) -> int:
    tails = gammainc(np.arange(1.0, _MOST_PHOTONS + 1), mean_photon_number)
    enough = np.flatnonzero(tails <= beyond)
    # two photons are kept in any case: with none or one there would be no question
    return max(2, int(enough[0])) if enough.size else _MOST_PHOTONS


def _range_of_poisson(mu: Floats, tolerance: float, cutoff: int) -> tuple[Floats, Floats]:
    """Lowest and highest Poisson probability of 0..cutoff while the mean moves by the tolerance.

    As a function of its mean the probability of n rises up to the mean n and falls beyond.
    """
    n = np.arange(cutoff + 1.0)
    dimmest, brightest = mu[:, np.newaxis] * (1 - tolerance), mu[:, np.newaxis] * (1 + tolerance)
    ends = _poisson(n, dimmest), _poisson(n, brightest)
    return np.minimum(*ends), _poisson(n, np.clip(n, dimmest, brightest))


def _poisson(n: Floats, mean: Floats) -> Floats:
    return np.asarray(np.exp(xlogy(n, mean) - mean - gammaln(n + 1)))
