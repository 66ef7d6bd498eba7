"""Minimum of a linear program, bounded from below without trusting the solver.

An accusation must not rest on a solver that stopped early: HiGHS has called a value optimal that was a thousand times
too high, on rows whose coefficients span many orders of magnitude. Whatever multipliers it returns, weak duality turns
them into a bound that holds but for rounding (Neumaier, Shcherbina, Math. Program. 99, 283 (2004)); a bad answer gives
a weak bound and is tried again another way.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from qkdctl.physics.arrays import Floats

_WAYS: tuple[tuple[str, dict[str, bool | float]], ...] = (
    ("highs-ds", {}),
    ("highs-ds", {"presolve": False}),
    ("highs-ipm", {}),
    ("highs-ds", {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}),
)
_GAP = 1e-6
_SOLVED = 0


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Columns x within bounds that satisfy `matrix @ x <= limits` and `equal @ x = 0`.

    Attributes:
        matrix: coefficients of the inequalities.
        limits: their right-hand sides.
        equal: coefficients of the equalities, with no rows if there are none.
        lows: lowest values of the columns.
        tops: highest values, all finite.
    """

    matrix: Floats
    limits: Floats
    equal: Floats
    lows: Floats
    tops: Floats


def safe_minimum(program: LinearProgram, objective: Floats) -> tuple[float, Floats]:
    """Lower bound on `objective @ x`, as tight as the solver's best multipliers make it, and those of the inequalities.

    Without a solution it is the bound that the columns' own bounds give, with multipliers of zero.
    """
    multipliers = np.zeros(len(program.limits))
    best = _bound(program, objective, multipliers, np.zeros(len(program.equal)))
    for method, options in _WAYS:
        result = linprog(
            objective,
            A_ub=program.matrix,
            b_ub=program.limits,
            A_eq=program.equal,
            b_eq=np.zeros(len(program.equal)),
            bounds=np.column_stack([program.lows, program.tops]),
            method=method,
            options=options,
        )
        if result.status != _SOLVED:
            continue
        found = np.maximum(-result.ineqlin.marginals, 0.0)
        bound = _bound(program, objective, found, -result.eqlin.marginals)
        if bound > best:
            best, multipliers = bound, found
        if result.fun - best <= _GAP * max(1.0, abs(result.fun)):
            break
    return best, multipliers


def _bound(program: LinearProgram, objective: Floats, inequalities: Floats, equalities: Floats) -> float:
    """Least value of the objective plus multipliers times what rows exceed, over the columns' bounds alone."""
    reduced = objective + inequalities @ program.matrix + equalities @ program.equal
    least = np.where(reduced > 0, reduced * program.lows, reduced * program.tops)
    return float(least.sum() - inequalities @ program.limits)
