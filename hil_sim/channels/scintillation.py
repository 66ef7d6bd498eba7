"""How strongly turbulent air makes light flicker, and how deep its fades are.

Source of the gamma-gamma law: Al-Habash, Andrews and Phillips, Opt. Eng. 40, 1554 (2001); plane wave, no inner scale.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, gammaincinv, ndtr

from qkdctl.physics.arrays import Floats, floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_QUANTILES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


def plane_wave_rytov_variance(cn2: ArrayLike, wavelength_nm: ArrayLike, length_m: ArrayLike) -> Floats:
    """1.23 Cn^2 k^(7/6) L^(11/6) for the refractive-index structure parameter Cn^2 in m^(-2/3)."""
    wavenumber = 2 * np.pi / (floats(wavelength_nm) * 1e-9)
    return np.asarray(1.23 * floats(cn2) * wavenumber ** (7 / 6) * floats(length_m) ** (11 / 6))


def gamma_gamma_orders(rytov_variance: ArrayLike) -> tuple[Floats, Floats]:
    """Orders alpha and beta of the gamma laws of large and small eddies, for a Rytov variance > 0."""
    s2 = floats(rytov_variance)
    swell = s2**1.2
    alpha = 1 / np.expm1(0.49 * s2 / (1 + 1.11 * swell) ** (7 / 6))
    beta = 1 / np.expm1(0.51 * s2 / (1 + 0.69 * swell) ** (5 / 6))
    return np.asarray(alpha), np.asarray(beta)


def gamma_gamma_scintillation(alpha: ArrayLike, beta: ArrayLike) -> Floats:
    """Scintillation index, the variance of the irradiance over its squared mean: 1/a + 1/b + 1/(ab)."""
    a, b = 1 / floats(alpha), 1 / floats(beta)
    return np.asarray(a + b + a * b)


def log_normal_fade_probability(scintillation_index: ArrayLike, fade_db: ArrayLike) -> Floats:
    """Probability that log-normal irradiance of mean 1 lies more than `fade_db` below it; the index must be > 0."""
    variance = np.log1p(floats(scintillation_index))
    threshold = -floats(fade_db) * (np.log(10) / 10)
    return np.asarray(ndtr((threshold + variance / 2) / np.sqrt(variance)))


def gamma_gamma_fade_probability(alpha: ArrayLike, beta: ArrayLike, fade_db: ArrayLike) -> Floats:
    """Probability that gamma-gamma irradiance of mean 1 lies more than `fade_db` below it.

    P(xy < c) is the mean over x of P(y < c/x), by Gauss-Legendre quadrature over the quantiles of x; about 1e-5.
    """
    a, b = floats(alpha)[..., np.newaxis], floats(beta)[..., np.newaxis]
    threshold = np.power(10.0, -floats(fade_db) / 10)[..., np.newaxis]
    large = gammaincinv(a, _QUANTILES) / a
    return np.asarray(np.sum(_WEIGHTS * gammainc(b, b * threshold / large), axis=-1))
