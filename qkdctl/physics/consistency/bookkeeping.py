"""Counts that contradict themselves."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import floats, quotient
from qkdctl.physics.consistency.binomial import either_tail
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.consistency.tally import Tally

NESTED = "counts-nested"
WITHIN_PULSES = "counts-within-pulses"
BELL_SPLIT = "mdi-bell-split"


def check_nested(tally: Tally) -> Check:
    """Whether no cell has more errors than clicks, or more clicks than pulses; the statistic is the largest excess."""
    sent, detected, errors = floats(tally.sent), floats(tally.detected), floats(tally.errors)
    excess = np.maximum(np.maximum(detected - sent, errors - detected), np.maximum(-errors, -detected))
    impossible = excess > 0
    reason = "clicks exceed pulses, or errors exceed clicks, by {statistic:.0f}"
    return make_check(NESTED, excess, 0.0, np.where(impossible, 0.0, 1.0), impossible, reason)


def check_within_pulses(pulses: ArrayLike, tally: Tally) -> Check:
    """Whether sifted pulses of all bases and intensities together were emitted at all.

    Args:
        pulses: pulses emitted, shape (...).
        tally: counts of shape (..., bases, intensities).
    """
    sifted = floats(tally.sent).sum(axis=(-2, -1))
    impossible = sifted > floats(pulses)
    reason = "{statistic:.0f} sifted pulses are more than the {bound:.0f} emitted"
    return make_check(WITHIN_PULSES, sifted, pulses, np.where(impossible, 0.0, 1.0), impossible, reason)


def check_bell_split(
    psi_plus: ArrayLike, psi_minus: ArrayLike, *, significance: float, tolerance: float = 0.0
) -> Check:
    """Whether a relay announced its two Bell states equally often.

    Args:
        psi_plus: announcements of one state.
        psi_minus: announcements of the other.
        significance: probability of accusing an honest relay.
        tolerance: by how much the share of either may differ from 1/2, for detectors that are not all alike.
    """
    plus, total = floats(psi_plus), floats(psi_plus) + floats(psi_minus)
    p_value = either_tail(plus, total, 0.5 - tolerance, 0.5 + tolerance)
    share = quotient(plus, total, 0.5)
    reason = "a share of {statistic:.4g} of the announcements names psi+ instead of {bound:.3g} ({sigmas:.1f} sigma)"
    return make_check(BELL_SPLIT, share, 0.5, p_value, p_value <= significance, reason)
