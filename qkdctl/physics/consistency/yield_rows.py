"""The rows of a linear program over photon-number yields, scaled so that a solver's tolerances mean what they should.

Yields of a long link are 1e-8 and counts fix them to 1e-12, while solvers work to absolute tolerances. So each row is
divided by the width of its estimate and each column scaled to a largest coefficient of one. Columns are, per basis, the
yields of all states and then their error products; the last column is the stretch of the estimates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl.physics.arrays import Floats
from qkdctl.physics.consistency.binomial import Estimate
from qkdctl.physics.consistency.photon_numbers import PhotonNumbers

_NARROWEST = 1e-5
"""Estimates narrower than this share of the highest gain, such as exact ones, count as this wide."""

_SMALLEST = 1e-30
_ROOM = 100
"""Columns may pass what the gains leave room for by this factor, so that it is the gains that stop them."""

_NEGLIGIBLE = 1e-9
"""Coefficients below this, which the solver would drop, are dropped on the safe side here."""


@dataclass(frozen=True, slots=True)
class Report:
    """One gain or error gain, as one of the inequalities of the program sees it.

    Attributes:
        basis: index of its basis.
        setting: index of its setting.
        errors: whether it is the error gain rather than the gain.
        too_high: whether the inequality asks if it is too high, rather than too low.
    """

    basis: int
    setting: int
    errors: bool
    too_high: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Inequalities `matrix @ columns <= limits`.

    Attributes:
        matrix: coefficients; the first rows belong to reports, the last column to the stretch.
        limits: right-hand sides.
        reports: what the first rows stand for.
        units: yield that one unit of a state's column stands for, shape (states,).
        tops: finite values beyond those that any solution needs, for all columns but the last.
        bases: number of bases.
    """

    matrix: Floats
    limits: Floats
    reports: tuple[Report, ...]
    units: Floats
    tops: Floats
    bases: int

    def column(self, basis: int, state: int, *, errors: bool) -> int:
        """Column of a state's yield, or of its error product."""
        return (2 * basis + errors) * self.units.size + state


def rows_of(photons: PhotonNumbers, gains: Estimate, error_gains: Estimate, *, passive: bool) -> Rows:
    """Rows for estimates of shape (bases, settings); see `YieldProgram` for the arguments."""
    bases = gains.observed.shape[0]
    narrowest = max(_NARROWEST * float(gains.high.max()), _SMALLEST)
    widths = tuple(np.maximum(e.high - e.low, narrowest) for e in (gains, error_gains))
    steepest = np.max([photons.most / width[..., np.newaxis] for width in widths], axis=(0, 1, 2))
    units = 1 / np.where(steepest > 0, steepest, 1.0)
    ceilings = [_ceilings(photons, high) for high in gains.high]
    tops = np.concatenate([np.minimum(_ROOM * ceiling, 1.0) / units for ceiling in ceilings for _ in range(2)])
    empty = Rows(np.empty((0, tops.size + 1)), np.empty(0), (), units, tops, bases)
    blocks: list[Floats] = []
    limits: list[Floats] = []
    reports: list[Report] = []
    for basis in range(bases):
        for errors, estimate, width in zip((False, True), (gains, error_gains), widths, strict=True):
            part = Estimate(estimate.observed[basis], estimate.low[basis], estimate.high[basis])
            for too_high in (False, True):
                block, limit, kept = _one_side(photons, units, part, width[basis], ceilings[basis], low=too_high)
                blocks.append(_placed(block, empty.column(basis, 0, errors=errors), empty))
                limits.append(limit)
                reports.extend(Report(basis, int(setting), errors, too_high) for setting in kept)
    structure = [_errors_are_clicks(empty), *([_passive(empty)] if passive else [])]
    limits.extend(np.zeros(len(block)) for block in structure)
    return Rows(np.vstack([*blocks, *structure]), np.concatenate(limits), tuple(reports), units, tops, bases)


def _ceilings(photons: PhotonNumbers, high: Floats) -> Floats:
    """Highest yield of each state that the gains leave room for, since no state clicks more often than all do."""
    telling = photons.least > high[:, np.newaxis]
    room = np.where(telling, high[:, np.newaxis] / np.where(telling, photons.least, 1.0), 1.0)
    return np.asarray(room.min(axis=0))


def _one_side(
    photons: PhotonNumbers, units: Floats, estimate: Estimate, width: Floats, ceilings: Floats, *, low: bool
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Rows of one side of the estimates that say anything, their limits, and their settings.

    Not more than `observed` plus the stretched upper part, with the least probabilities; or not less than `observed`
    minus the stretched lower part, with the greatest, and all that states beyond those kept could add.
    """
    probabilities = photons.most if low else photons.least
    scaled = probabilities * units / width[:, np.newaxis]
    dropped = scaled < _NEGLIGIBLE
    scaled = np.where(dropped, 0.0, scaled)
    if low:
        beyond = photons.beyond + (dropped * probabilities * ceilings).sum(axis=1)
        kept = np.flatnonzero(estimate.low > beyond)
        block, part = -scaled, estimate.observed - estimate.low
        limits = (beyond - estimate.observed) / width
    else:
        kept = np.flatnonzero(estimate.high < 1)
        block, part = scaled, estimate.high - estimate.observed
        limits = estimate.observed / width
    return np.asarray(np.column_stack([block, -part / width])[kept]), np.asarray(limits[kept]), kept


def _placed(block: Floats, first: int, rows: Rows) -> Floats:
    """A block of columns of all states, and the stretch, among the columns of the program."""
    placed = np.zeros((len(block), rows.tops.size + 1))
    placed[:, first : first + rows.units.size] = block[:, :-1]
    placed[:, -1] = block[:, -1]
    return placed


def _errors_are_clicks(rows: Rows) -> Floats:
    states = rows.units.size
    block = np.hstack([-np.eye(states), np.eye(states), np.zeros((states, 1))])
    return _per_basis(block, rows)


def _passive(rows: Rows) -> Floats:
    """Yields that do not fall with the photon number, and whose growth does not rise."""
    first = np.diff(np.eye(rows.units.size), axis=0)
    block = np.vstack([-first, np.diff(first, axis=0)]) * rows.units
    block /= np.abs(block).max(axis=1, keepdims=True)
    return _per_basis(np.hstack([block, np.zeros((len(block), rows.units.size + 1))]), rows)


def _per_basis(block: Floats, rows: Rows) -> Floats:
    """The same rows in the columns of each basis; the last column is the stretch, which they leave alone."""
    repeated = np.kron(np.eye(rows.bases), block[:, :-1])
    return np.hstack([repeated, np.zeros((len(repeated), 1))])
