"""Finite key of BB84 with two intensities, a signal and one decoy.

Source: Rusca, Boaron, Gruenenfelder, Martin, Zbinden, Appl. Phys. Lett. 112, 171104 (2018), called RBG below. Their
basis Z is the key basis here and their X the test basis.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.finite_key import FiniteKey, PhotonBounds, finite_key, sound_bounds
from qkdctl.physics.finite.fluctuations import hoeffding_deviation
from qkdctl.physics.finite.scaled_counts import scaled_interval
from qkdctl.physics.finite.security import Security

TERMS = 19
"""Shares that eps_sec is cut into."""


def key_length(
    block: BlockCounts, settings: IntensitySettings, *, correction: ArrayLike, security: Security
) -> FiniteKey:
    """Bits of secret key that a block of two intensities proves.

    Args:
        block: counts of both bases, shape [..., 2].
        settings: what the source claims to have sent, mu1 > mu2 > 0.
        correction: inefficiency f >= 1 of error correction, shape [...].
        security: failure probabilities granted, shape [...].

    Raises:
        ValueError: for other than two intensities, or a decoy without light, which says nothing of single photons.
    """
    settings.check_number(2)
    _check_light(settings)
    key = photon_bounds(block.key, settings, security)
    test = photon_bounds(block.test, settings, security)
    wrong = single_photon_errors(block.test, settings, security)
    return finite_key((block.key, key), (test, wrong), correction=correction, security=security, terms=TERMS)


def photon_bounds(basis: BasisCounts, settings: IntensitySettings, security: Security) -> PhotonBounds:
    """Least clicks of empty pulses and of single photons in one basis."""
    mu1, mu2 = settings.split()
    low, high = scaled_interval(basis.clicks, settings, security, terms=TERMS)
    tau0, tau1 = settings.photon_number_probability(0), settings.photon_number_probability(1)
    vacuum = tau0 / (mu1 - mu2) * (mu1 * low[1] - mu2 * high[0])
    most_vacuum = vacuum_ceiling(basis, settings, security)
    beyond = (mu2 / mu1) ** 2 * high[0] + (1 - (mu2 / mu1) ** 2) * most_vacuum / tau0
    single = tau1 * mu1 / (mu2 * (mu1 - mu2)) * (low[1] - beyond)
    return sound_bounds(vacuum, single, basis)


def vacuum_ceiling(basis: BasisCounts, settings: IntensitySettings, security: Security) -> Floats:
    """Most clicks of empty pulses in one basis: half of them are wrong, so the errors limit them."""
    clicks = hoeffding_deviation(basis.total_clicks(), security.secrecy, terms=TERMS)
    _, wrong = scaled_interval(basis.errors, settings, security, terms=TERMS)
    return np.asarray(2 * (settings.photon_number_probability(0) * np.minimum(*wrong) + clicks))


def single_photon_errors(basis: BasisCounts, settings: IntensitySettings, security: Security) -> Floats:
    """Most errors v1 among the clicks of single photons in one basis, at least 0."""
    mu1, mu2 = settings.split()
    low, high = scaled_interval(basis.errors, settings, security, terms=TERMS)
    return np.asarray(np.maximum(settings.photon_number_probability(1) * (high[0] - low[1]) / (mu1 - mu2), 0.0))


def _check_light(settings: IntensitySettings) -> None:
    decoy = settings.split()[1]
    if not np.all(decoy > 0):
        raise ValueError(f"the decoy must hold light, got mean photon number {decoy!r}")
