"""MDI: can any photon-number yields explain the announcements for all pairs of intensities, in both bases at once?

A pulse of no photon or one looks the same in either basis, so a relay, which announces before it learns the basis,
treats it the same: the yields Y_00, Y_01, Y_10 and Y_11 are shared by both bases whatever the relay does. Larger
photon numbers do carry the basis.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.consistency.binomial import Estimate
from qkdctl.physics.consistency.finding import Check
from qkdctl.physics.consistency.photon_numbers import of_pairs
from qkdctl.physics.consistency.tally import Tally, nested
from qkdctl.physics.consistency.yield_check import check_program, estimates, negligible_tail
from qkdctl.physics.consistency.yield_program import YieldProgram
from qkdctl.physics.consistency.yield_rows import Report

YIELDS = "mdi-yields"

_LOOK_ALIKE = ((0, 0), (0, 1), (1, 0), (1, 1))


def program_from_gains(
    mean_photon_numbers_a: ArrayLike,
    mean_photon_numbers_b: ArrayLike,
    gains: Estimate,
    error_gains: Estimate,
    *,
    tolerance: float = 0.0,
) -> YieldProgram:
    """The program for known gains and error gains of shape (bases, intensities a * intensities b), b running first."""
    beyond = negligible_tail(gains, error_gains)
    photons = of_pairs(mean_photon_numbers_a, mean_photon_numbers_b, beyond=beyond, tolerance=tolerance)
    shared = tuple(photons.states.index(state) for state in _LOOK_ALIKE)
    return YieldProgram(photons, gains, error_gains, shared=shared)


def program_from_counts(
    mean_photon_numbers_a: ArrayLike,
    mean_photon_numbers_b: ArrayLike,
    tally: Tally,
    *,
    significance: float,
    tolerance: float = 0.0,
) -> YieldProgram:
    """The program for counts of shape (bases, intensities a, intensities b).

    Args:
        mean_photon_numbers_a: intensities that the first sender claims.
        mean_photon_numbers_b: the same of the second.
        tally: pairs of pulses sent in the same basis, coincidences announced for them, and wrong ones.
        significance: probability, all estimates together, that any of them misses the truth.
        tolerance: share by which true intensities may differ from the claimed ones.

    Raises:
        ValueError: for counts that are not nested, or of another shape.
    """
    counts = nested(tally)
    expected = (np.size(mean_photon_numbers_a), np.size(mean_photon_numbers_b))
    if counts[0].shape[1:] != expected:
        raise ValueError(f"expected counts of shape (bases, {expected[0]}, {expected[1]}), got {counts[0].shape}")
    sent, detected, errors = (part.reshape(len(part), -1) for part in counts)
    gains, error_gains = estimates(sent, detected, errors, significance)
    return program_from_gains(mean_photon_numbers_a, mean_photon_numbers_b, gains, error_gains, tolerance=tolerance)


def check_yields(
    mean_photon_numbers_a: ArrayLike,
    mean_photon_numbers_b: ArrayLike,
    tally: Tally,
    *,
    significance: float,
    tolerance: float = 0.0,
) -> Check:
    """Whether any yields in [0, 1] explain the announcements; arguments and errors as for `program_from_counts`."""
    a, b = np.ravel(np.asarray(mean_photon_numbers_a)), np.ravel(np.asarray(mean_photon_numbers_b))

    def at(level: float) -> YieldProgram:
        return program_from_counts(a, b, tally, significance=level, tolerance=tolerance)

    def name(report: Report) -> str:
        first, second = divmod(report.setting, b.size)
        return f"of {a[first]:g} and {b[second]:g} photons"

    return check_program(YIELDS, at, significance, "no photon-number yields explain", name)
