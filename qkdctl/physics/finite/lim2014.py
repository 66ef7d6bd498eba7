"""Finite key of BB84 with three intensities.

Source: Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), called LCW below. Their basis X is the key
basis here and their Z the test basis. Later work regards the step to the phase error as an approximation rather than
a strict bound (Tupkary, Nahar, Sinha, Luetkenhaus, arXiv:2408.17349).
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.finite_key import FiniteKey, PhotonBounds, finite_key, sound_bounds
from qkdctl.physics.finite.scaled_counts import scaled_interval
from qkdctl.physics.finite.security import Security

TERMS = 21
"""Shares that eps_sec is cut into."""


def key_length(
    block: BlockCounts, settings: IntensitySettings, *, correction: ArrayLike, security: Security
) -> FiniteKey:
    """Bits of secret key that a block of three intensities proves (LCW eq. 1).

    Args:
        block: counts of both bases, shape [..., 3].
        settings: what the source claims to have sent, mu1 > mu2 > mu3 >= 0 with mu1 > mu2 + mu3.
        correction: inefficiency f >= 1 of error correction, shape [...].
        security: failure probabilities granted, shape [...].

    Raises:
        ValueError: for other than three intensities, or unless mu1 > mu2 + mu3.
    """
    settings.check_number(3)
    _check_order(settings)
    key = photon_bounds(block.key, settings, security)
    test = photon_bounds(block.test, settings, security)
    wrong = single_photon_errors(block.test, settings, security)
    return finite_key((block.key, key), (test, wrong), correction=correction, security=security, terms=TERMS)


def photon_bounds(basis: BasisCounts, settings: IntensitySettings, security: Security) -> PhotonBounds:
    """Least clicks of empty pulses (LCW eq. 2) and of single photons (LCW eq. 3) in one basis."""
    mu1, mu2, mu3 = settings.split()
    low, high = scaled_interval(basis.clicks, settings, security, terms=TERMS)
    tau0, tau1 = settings.photon_number_probability(0), settings.photon_number_probability(1)
    vacuum = np.maximum(tau0 * (mu2 * low[2] - mu3 * high[1]) / (mu2 - mu3), 0.0)
    multi = (mu2**2 - mu3**2) / mu1**2 * (high[0] - vacuum / tau0)
    single = tau1 * mu1 / ((mu2 - mu3) * (mu1 - mu2 - mu3)) * (low[1] - high[2] - multi)
    return sound_bounds(vacuum, single, basis)


def single_photon_errors(basis: BasisCounts, settings: IntensitySettings, security: Security) -> Floats:
    """Most errors v1 among the clicks of single photons in one basis (LCW eq. 4), at least 0."""
    _, mu2, mu3 = settings.split()
    low, high = scaled_interval(basis.errors, settings, security, terms=TERMS)
    return np.asarray(np.maximum(settings.photon_number_probability(1) * (high[1] - low[2]) / (mu2 - mu3), 0.0))


def _check_order(settings: IntensitySettings) -> None:
    mu1, mu2, mu3 = settings.split()
    if not np.all(mu2 + mu3 < mu1):
        raise ValueError(f"intensities must satisfy mu2 + mu3 < mu1, got {mu1!r}, {mu2!r} and {mu3!r}")
