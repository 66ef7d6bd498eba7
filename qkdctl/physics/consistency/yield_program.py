"""Linear programs over photon-number yields: do any explain the counts, and what do all that do have in common?

A pulse, or pair of pulses, in photon-number state n clicks with the yield Y_n and does so wrongly with B_n = e_n Y_n,
whatever lies between the ends. So the gain of a setting that prepares n with P_n is sum P_n Y_n, its error gain
sum P_n B_n, with 0 <= B_n <= Y_n <= 1. Lo, Ma, Chen, Phys. Rev. Lett. 94, 230504 (2005) for one sender; Lo, Curty, Qi,
Phys. Rev. Lett. 108, 130503 (2012) for two.
"""

from dataclasses import dataclass

import numpy as np

from qkdctl.physics.arrays import Floats
from qkdctl.physics.consistency.binomial import Estimate
from qkdctl.physics.consistency.photon_numbers import PhotonNumbers
from qkdctl.physics.consistency.safe_minimum import LinearProgram, safe_minimum
from qkdctl.physics.consistency.yield_rows import Report, Rows, rows_of

ROUNDING = 1e-6
"""How far a stretch may pass 1 by rounding."""

_WIDEST = 1e9


@dataclass(frozen=True, slots=True)
class YieldProgram:
    """Yields per basis that explain what was seen.

    Attributes:
        photons: photon-number probabilities of the settings, the same in every basis.
        gains: clicks per pulse, shape (bases, settings).
        error_gains: wrong clicks per pulse, same shape.
        shared: positions of states that look the same in every basis, so that their yields agree.
        passive: whether yields must rise with the photon number, and less and less, as over any channel without an
            eavesdropper: each further photon arrives by itself, so it helps, but less where others may have clicked.
    """

    photons: PhotonNumbers
    gains: Estimate
    error_gains: Estimate
    shared: tuple[int, ...] = ()
    passive: bool = False

    def stretch(self) -> tuple[float, tuple[Report, ...]]:
        """How many times wider the estimates must be before some yields explain them, and the reports that disagree.

        At most 1 if they are explained as they are. The reports come in the order of their weight in the contradiction.
        """
        rows = self._rows()
        objective = np.zeros(rows.matrix.shape[1])
        objective[-1] = 1.0
        least, multipliers = safe_minimum(self._program(rows, (0.0, _WIDEST)), objective)
        weights = multipliers[: len(rows.reports)]
        heaviest = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]
        return least, tuple(rows.reports[row] for row in heaviest)

    def explained(self) -> bool:
        """Whether some yields explain the estimates."""
        return self.stretch()[0] <= 1 + ROUNDING

    def ranges(self, state: int, *, errors: bool = False) -> tuple[Floats, Floats] | None:
        """Lowest and highest yield of a state among all yields that explain the estimates, per basis; None if none do.

        With `errors` those of its error product, the probability of a wrong click. Estimates without width that nothing
        explains restrict nothing.
        """
        if not self.explained():
            return None
        rows = self._rows()
        program = self._program(rows, (1.0, 1.0))
        ends = np.empty((2, rows.bases))
        for basis in range(rows.bases):
            for end, sign in enumerate((1.0, -1.0)):
                objective = np.zeros(rows.matrix.shape[1])
                objective[rows.column(basis, state, errors=errors)] = sign
                least, _ = safe_minimum(program, objective)
                ends[end, basis] = sign * least * rows.units[state]
        return ends[0], ends[1]

    def _rows(self) -> Rows:
        return rows_of(self.photons, self.gains, self.error_gains, passive=self.passive)

    def _program(self, rows: Rows, stretch: tuple[float, float]) -> LinearProgram:
        lows = np.append(np.zeros(rows.tops.size), stretch[0])
        tops = np.append(rows.tops, stretch[1])
        pairs = [(basis, state) for basis in range(1, rows.bases) for state in self.shared]
        equal = np.zeros((len(pairs), tops.size))
        for row, (basis, state) in enumerate(pairs):
            equal[row, rows.column(0, state, errors=False)] = 1.0
            equal[row, rows.column(basis, state, errors=False)] = -1.0
        return LinearProgram(rows.matrix, rows.limits, equal, lows, tops)
