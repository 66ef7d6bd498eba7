"""Monitors of detectors that light may have taken over.

Blinded detectors click when told to and never by chance, so error rates stay normal (Lydersen et al., Nat. Photonics 4,
686 (2010)). What the attacker has to get right as well: how often both detectors click at once, and how fast a
detector can count.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.consistency.binomial import either_tail
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.detectors import click_probability, nonparalyzable_ceiling_hz

DOUBLE_CLICKS = "double-clicks"
SATURATION = "count-rate-above-saturation"


def double_click_probability(arriving: ArrayLike, dark_probability: ArrayLike, wrong_share: ArrayLike) -> Floats:
    """Probability per gate that both of two detectors click on a Poissonian pulse.

    Args:
        arriving: mean photon number times transmittance, detectors included.
        dark_probability: of one detector in one gate.
        wrong_share: share of the light that goes to the second detector: e_d with matched bases, 1/2 with others.
    """
    light, dark, wrong = floats(arriving), floats(dark_probability), floats(wrong_share)
    return np.asarray(click_probability(light * (1 - wrong), dark) * click_probability(light * wrong, dark))


def check_double_clicks(
    expected: ArrayLike, gates: ArrayLike, doubles: ArrayLike, *, significance: float, tolerance: float = 0.0
) -> Check:
    """Whether double clicks are as frequent as independent detectors make them; too few are as suspicious as too many.

    Args:
        expected: probability per gate, from `double_click_probability`.
        gates: gates in which both detectors were ready.
        doubles: gates in which both clicked.
        significance: probability of accusing an honest receiver.
        tolerance: share by which the expectation may be off.
    """
    p, n, k = floats(expected), floats(gates), floats(doubles)
    p_value = either_tail(k, n, p * (1 - tolerance), np.minimum(p * (1 + tolerance), 1.0))
    reason = "{statistic:.6g} double clicks where {bound:.4g} were expected ({sigmas:.1f} sigma)"
    return make_check(DOUBLE_CLICKS, k, n * p, p_value, p_value <= significance, reason)


def check_saturation(
    counts: ArrayLike, duration_s: ArrayLike, dead_time_s: ArrayLike, detectors: ArrayLike = 1
) -> Check:
    """Whether a receiver counted no faster than its detectors recover; each may catch one click at the start.

    Args:
        counts: clicks of all detectors together.
        duration_s: time in which they were counted.
        dead_time_s: shortest time between two clicks of one detector, positive.
        detectors: number of detectors.
    """
    ceiling = floats(detectors) * (1 + floats(duration_s) * nonparalyzable_ceiling_hz(dead_time_s))
    impossible = floats(counts) > ceiling
    reason = "{statistic:.6g} clicks are more than the {bound:.6g} that detectors with this dead time can make"
    return make_check(SATURATION, counts, ceiling, np.where(impossible, 0.0, 1.0), impossible, reason)
