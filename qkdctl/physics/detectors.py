"""Single-photon detectors: dark counts per gate, afterpulses, dead time and saturation.

Rates are in Hz, times in s, probabilities per gate unless said otherwise; every argument may be an array.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


def dark_probability_per_gate(dark_rate_hz: ArrayLike, gate_s: ArrayLike) -> Floats:
    """Probability of at least one dark count in a gate, 1 - exp(-rate * gate): 100 Hz and 1 ns give 1e-7."""
    return np.asarray(-np.expm1(-floats(dark_rate_hz) * floats(gate_s)))


def click_probability(arriving: ArrayLike, dark_probability: ArrayLike) -> Floats:
    """Probability 1 - (1-p_d) exp(-n) that a detector clicks when n photons arrive on average, exact for tiny ones."""
    photons = floats(arriving)
    return np.asarray(-np.expm1(-photons) + floats(dark_probability) * np.exp(-photons))


def background_yield(dark_probability: ArrayLike, detectors: int = 2) -> Floats:
    """Probability Y0 that at least one of the receiver's detectors clicks by itself, 1 - (1 - p_d)^n."""
    return np.asarray(-np.expm1(detectors * np.log1p(-floats(dark_probability))))


def gain_with_afterpulses(gain: ArrayLike, afterpulse_probability: ArrayLike) -> Floats:
    """Clicks per pulse including afterpulses, D (1 + p_ap) (Lim et al., Phys. Rev. A 89, 022307 (2014), sec. IV)."""
    return np.asarray(floats(gain) * (1 + floats(afterpulse_probability)))


def error_rate_with_afterpulses(error_rate: ArrayLike, afterpulse_probability: ArrayLike) -> Floats:
    """Error rate when half of the afterpulses are wrong, (E + p_ap/2) / (1 + p_ap) (Lim et al. 2014, sec. IV)."""
    p = floats(afterpulse_probability)
    return np.asarray((floats(error_rate) + p / 2) / (1 + p))


def nonparalyzable_rate_hz(rate_hz: ArrayLike, dead_time_s: ArrayLike) -> Floats:
    """Observed rate r / (1 + r tau) of a detector that ignores what arrives while it is dead.

    Source: Knoll, Radiation Detection and Measurement, 4th ed., section 4.VII, non-paralyzable model.
    """
    rate = floats(rate_hz)
    return np.asarray(rate / (1 + rate * floats(dead_time_s)))


def paralyzable_rate_hz(rate_hz: ArrayLike, dead_time_s: ArrayLike) -> Floats:
    """Observed rate r exp(-r tau) of a detector whose dead time starts anew with every arrival.

    Source: Knoll, Radiation Detection and Measurement, 4th ed., section 4.VII, paralyzable model.
    """
    rate = floats(rate_hz)
    return np.asarray(rate * np.exp(-rate * floats(dead_time_s)))


def nonparalyzable_ceiling_hz(dead_time_s: ArrayLike) -> Floats:
    """Saturated rate 1 / tau, approached from below as the light grows; tau must be positive."""
    return np.asarray(1 / floats(dead_time_s))


def paralyzable_ceiling_hz(dead_time_s: ArrayLike) -> Floats:
    """Highest observed rate 1 / (e tau), reached at r = 1 / tau; more light lowers it; tau must be positive."""
    return np.asarray(np.exp(-1.0) / floats(dead_time_s))
