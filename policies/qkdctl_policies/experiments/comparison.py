"""Whether one arm is better than another, seed by seed: Wilcoxon's signed ranks, corrected after Holm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.experiments.score import Score
from qkdctl_policies.learning.statistics import Interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the same seeds.

    Attributes:
        difference: mean, with its interval, see `Score.interval`.
        effect: matched-pairs rank-biserial correlation: 1 where the first is better in every seed, -1 the other way.
        p: two-sided, of equal medians; 1 where no seed differs.
    """

    difference: Interval
    effect: float
    p: float


def compared(one: Floats, other: Floats) -> Comparison:
    """Compare scores of the same seeds, shape (seeds,).

    Kerby, Compr. Psychol. 3, 1 (2014) for the effect size. Seeds without difference count for neither.

    Args:
        one: scores of the first.
        other: of the second.
    """
    from scipy.stats import rankdata, wilcoxon  # noqa: PLC0415 - slow to import

    differences = np.asarray(one - other)
    mean = Score(differences, np.ones(differences.size)).interval()
    some = differences[differences != 0]
    if not some.size:
        return Comparison(mean, 0.0, 1.0)
    ranks = rankdata(np.abs(some))
    effect = float((ranks[some > 0].sum() - ranks[some < 0].sum()) / ranks.sum())
    # the exact distribution knows no ties, and shares of few keys often tie; the normal one is corrected for them
    method = "exact" if np.unique(ranks).size == ranks.size else "asymptotic"
    return Comparison(mean, effect, float(wilcoxon(some, method=method).pvalue))


def holm(p: Sequence[float]) -> list[float]:
    """Values of p that together keep the chance of one false finding: Holm, Scand. J. Stat. 6, 65 (1979)."""
    order = np.argsort(p)
    corrected = np.zeros(len(p))
    highest = 0.0
    for rank, place in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = highest
    return [float(value) for value in corrected]
