"""Counts per intensity, freed of how often and how brightly the intensity was sent."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.finite.decoy_counts import IntensitySettings
from qkdctl.physics.finite.fluctuations import hoeffding_deviation
from qkdctl.physics.finite.security import Security


def scaled_interval(
    counts: ArrayLike, settings: IntensitySettings, security: Security, *, terms: int
) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Ends n-_k and n+_k of the confidence interval of exp(k)/p_k times the counts of intensity k.

    The mean of the scaled counts is the sum over photon numbers n of k^n/n! times a number that does not depend on k,
    so that differences between intensities single out photon numbers. Source: Lim, Curty, Walenta, Xu, Zbinden, Phys.
    Rev. A 89, 022307 (2014), between eqs. 2 and 3.

    Args:
        counts: clicks or errors of one basis, shape [..., intensities]; the deviation comes from their sum.
        settings: what the source claims to have sent.
        security: failure probabilities granted.
        terms: shares that eps_sec is cut into.

    Returns:
        Lower ends, floored at 0, and upper ends, each one array of shape [...] per intensity.
    """
    seen = floats(counts)
    delta = hoeffding_deviation(seen.sum(axis=-1), security.secrecy, terms=terms)[..., np.newaxis]
    weights = np.exp(floats(settings.mean_photon_numbers)) / floats(settings.probabilities)
    low, high = (weights * np.maximum(end, 0.0) for end in (seen - delta, seen + delta))
    return tuple(np.moveaxis(low, -1, 0)), tuple(np.moveaxis(high, -1, 0))
