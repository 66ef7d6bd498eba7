"""Decoy BB84: can any photon-number yields explain the counts of all intensities, and what follows for single photons?

What this cannot see: if all intensities are off by one common factor, other yields explain the gains as well; a power
monitor has to see that. Nor is photon-number splitting impossible, it only leaves no single photons to make key from;
`check_passive` finds it as something that no mere loss does. A decoy brighter than claimed looks to both like a loss
that fluctuates; `link_model` tells them apart where the loss is steady.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.consistency.binomial import Estimate
from qkdctl.physics.consistency.finding import Check
from qkdctl.physics.consistency.photon_numbers import of_pulses
from qkdctl.physics.consistency.tally import Tally, nested
from qkdctl.physics.consistency.yield_check import check_program, estimates, negligible_tail
from qkdctl.physics.consistency.yield_program import YieldProgram
from qkdctl.physics.consistency.yield_rows import Report

YIELDS = "decoy-yields"
PASSIVE = "decoy-passive-channel"


def program_from_gains(
    mean_photon_numbers: ArrayLike,
    gains: Estimate,
    error_gains: Estimate,
    *,
    tolerance: float = 0.0,
    passive: bool = False,
) -> YieldProgram:
    """The program for known gains and error gains of shape (bases, intensities)."""
    photons = of_pulses(mean_photon_numbers, beyond=negligible_tail(gains, error_gains), tolerance=tolerance)
    return YieldProgram(photons, gains, error_gains, passive=passive)


def program_from_counts(
    mean_photon_numbers: ArrayLike, tally: Tally, *, significance: float, tolerance: float = 0.0, passive: bool = False
) -> YieldProgram:
    """The program for counts of shape (bases, intensities), or (intensities,) for one basis.

    Args:
        mean_photon_numbers: intensities as the sender claims them, shape (intensities,).
        tally: counts per basis and intensity.
        significance: probability, all estimates together, that any of them misses the truth.
        tolerance: share by which true intensities may differ from the claimed ones.
        passive: whether only yields of a channel without an eavesdropper count as an explanation.

    Raises:
        ValueError: for counts that are not nested, or another number of intensities.
    """
    sent, detected, errors = (np.atleast_2d(part) for part in nested(tally))
    if sent.shape[-1] != np.size(mean_photon_numbers):
        raise ValueError(f"expected counts of {np.size(mean_photon_numbers)} intensities, got shape {sent.shape}")
    gains, error_gains = estimates(sent, detected, errors, significance)
    return program_from_gains(mean_photon_numbers, gains, error_gains, tolerance=tolerance, passive=passive)


def check_yields(mean_photon_numbers: ArrayLike, tally: Tally, *, significance: float, tolerance: float = 0.0) -> Check:
    """Whether any yields in [0, 1] explain the counts; arguments and errors as for `program_from_counts`.

    A failure means a forged report, or intensities that are not the claimed ones: no eavesdropper can cause it.
    """

    def at(level: float) -> YieldProgram:
        return program_from_counts(mean_photon_numbers, tally, significance=level, tolerance=tolerance)

    return check_program(YIELDS, at, significance, "no photon-number yields explain", _namer(mean_photon_numbers))


def check_passive(
    mean_photon_numbers: ArrayLike, tally: Tally, *, significance: float, tolerance: float = 0.0
) -> Check:
    """Whether yields of a channel that merely loses photons explain the counts; arguments as for `check_yields`.

    Beyond what `check_yields` finds, a failure may mean an eavesdropper who treats photon numbers differently.
    """

    def at(level: float) -> YieldProgram:
        return program_from_counts(mean_photon_numbers, tally, significance=level, tolerance=tolerance, passive=True)

    return check_program(PASSIVE, at, significance, "no mere loss of photons explains", _namer(mean_photon_numbers))


def _namer(mean_photon_numbers: ArrayLike) -> Callable[[Report], str]:
    intensities = np.ravel(np.asarray(mean_photon_numbers))
    return lambda report: f"of {intensities[report.setting]:g} photons"
