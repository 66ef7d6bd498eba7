"""From counts to estimates, and from a linear program over yields to the outcome of a test."""

from collections.abc import Callable

import numpy as np

from qkdctl.physics.arrays import Floats
from qkdctl.physics.consistency.binomial import Estimate, chernoff_interval
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.consistency.yield_program import ROUNDING, YieldProgram
from qkdctl.physics.consistency.yield_rows import Report

_KINDS_AND_SIDES = 4
_TAIL_SHARE = 1e-3
"""Share of the narrowest estimate that photon numbers not kept may blur."""

_SMALLEST_EXPONENT = -300.0
_HALVINGS = 10
_MOST_NAMED = 4


def estimates(sent: Floats, detected: Floats, errors: Floats, significance: float) -> tuple[Estimate, Estimate]:
    """Gains and error gains that all contain the truth, except with probability `significance` altogether."""
    share = side_share(significance, sent.size)
    both = chernoff_interval(np.stack([detected, errors]), sent, share)
    gains, error_gains = (Estimate(both.observed[kind], both.low[kind], both.high[kind]) for kind in range(2))
    return gains, error_gains


def side_share(significance: float, cells: int) -> float:
    """Probability that is left to each side of each estimate of so many cells of a tally."""
    return significance / (_KINDS_AND_SIDES * cells)


def negligible_tail(gains: Estimate, error_gains: Estimate) -> float:
    """Probability of photon numbers that is too small to matter beside the width of these estimates."""
    narrowest = min(float((part.high - part.low).min()) for part in (gains, error_gains))
    return _TAIL_SHARE * max(narrowest, 1e-6 * float(gains.high.max()))


def check_program(
    test: str,
    program_at: Callable[[float], YieldProgram],
    significance: float,
    complaint: str,
    name: Callable[[Report], str],
) -> Check:
    """Whether yields explain the estimates that hold but for this significance.

    The statistic is the stretch the estimates would need, its bound 1.

    Args:
        test: name of the test.
        program_at: the program whose estimates fail with at most this probability.
        significance: probability of accusing the honest.
        complaint: how the sentence of a failure starts.
        name: words for the setting of a report.
    """
    stretch, opposing = program_at(significance).stretch()
    explained = stretch <= 1 + ROUNDING
    p_value = 1.0 if explained else _smallest_rejected(program_at, significance)
    listed = "; ".join(_words(report, name) for report in opposing[:_MOST_NAMED])
    more = f"; and {len(opposing) - _MOST_NAMED} more" if len(opposing) > _MOST_NAMED else ""
    reason = f"{complaint} the counts, whose spread would have to be {{statistic:.3g}} times as wide: {listed}{more}"
    return make_check(test, stretch, 1.0, p_value, not explained, reason)


def _words(report: Report, name: Callable[[Report], str]) -> str:
    quantity = "errors" if report.errors else "clicks"
    return f"{'too many' if report.too_high else 'too few'} {quantity} {name(report)} in basis {report.basis}"


def _smallest_rejected(program_at: Callable[[float], YieldProgram], significance: float) -> float:
    """Upper bound on the p-value of unexplained counts, by halving its exponent."""
    unexplained, explained = float(np.log10(significance)), _SMALLEST_EXPONENT
    if not program_at(10.0**explained).explained():
        return float(10.0**explained)
    for _ in range(_HALVINGS):
        middle = (unexplained + explained) / 2
        if program_at(10.0**middle).explained():
            explained = middle
        else:
            unexplained = middle
    return float(10.0**unexplained)
