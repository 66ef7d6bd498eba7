"""What is left of a fluctuation when an instrument averages over it."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats

_SMALL = 1e-3


def averaged_variance(span_over_time: ArrayLike) -> Floats:
    """Variance of the average over a span T of a process of variance 1 and correlation exp(-t/tau).

    It is 2 (x - 1 + exp(-x)) / x^2 with x = T/tau > 0: 1 for short spans, 2/x for long ones, as many independent
    samples as there are pairs of correlation times.
    """
    x = floats(span_over_time)
    small = x < _SMALL
    safe = np.where(small, 1.0, x)
    return np.asarray(np.where(small, 1 - x / 3 + x * x / 12, 2 * (safe + np.expm1(-safe)) / safe**2))


def neighbour_covariance(span_over_time: ArrayLike) -> Floats:
    """Covariance of the averages over two adjacent spans of that process: ((1 - exp(-x)) / x)^2."""
    x = floats(span_over_time)
    return np.asarray((np.expm1(-x) / x) ** 2)


def gamma_gamma_averages(alpha: ArrayLike, beta: ArrayLike, span_over_time: ArrayLike) -> tuple[Floats, Floats]:
    """Variance of averaged gamma-gamma irradiance, and its covariance with the next average.

    The autocovariance of the irradiance is r/a + r/b + r^2/(ab) with r = exp(-t/tau), the product of two independent
    factors of mean 1 and autocovariances r/a and r/b.
    """
    a, b, x = 1 / floats(alpha), 1 / floats(beta), floats(span_over_time)
    variance = (a + b) * averaged_variance(x) + a * b * averaged_variance(2 * x)
    covariance = (a + b) * neighbour_covariance(x) + a * b * neighbour_covariance(2 * x)
    return np.asarray(variance), np.asarray(covariance)
