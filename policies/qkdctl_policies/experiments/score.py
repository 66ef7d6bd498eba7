"""A score, and what it is of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.learning.statistics import Interval, ratio

Floats = NDArray[np.float64]

MANY_SEEDS: Final = 10
"""Fewer are a first look."""
REDRAWN: Final = 20
"""Of fewer, intervals of redrawn seeds hold less than they say: of ten 89 %."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """What arms are compared under.

    Attributes:
        byzantine: share of the nodes.
    """

    network: str
    load: float
    byzantine: float
    attack: str


@dataclass(frozen=True, slots=True)
class Score:
    """Two sums per seed, of which the ratio counts.

    Attributes:
        above, below: the sums, shape (seeds,).
        least, most: between which any ratio lies; intervals end there.
    """

    above: Floats
    below: Floats
    least: float = -np.inf
    most: float = np.inf

    def each(self) -> Floats:
        """The ratio in each seed, 0 where there is nothing below the line."""
        return np.asarray(np.where(self.below > 0, self.above / np.where(self.below > 0, self.below, 1.0), 0.0))

    def interval(self) -> Interval:
        """Ratio of the sums, with an interval that holds it with 95 %.

        Of `REDRAWN` or more it holds the ratios of redrawn seeds (percentile bootstrap). Fewer, redrawn, are too much
        alike: then Student's t with the deviation that leaving out one seed after the other shows (the jackknife
        of Tukey, Ann. Math. Stat. 29, 614 (1958)).
        """
        redrawn = ratio(self.above[np.newaxis], self.below[np.newaxis])
        seeds = self.above.size
        if not 1 < seeds < REDRAWN:
            return redrawn
        from scipy.special import stdtrit  # noqa: PLC0415 - slow to import

        without = Score(self.above.sum() - self.above, self.below.sum() - self.below).each()
        deviation = np.sqrt((seeds - 1) / seeds * ((without - without.mean()) ** 2).sum())
        half = float(stdtrit(seeds - 1, 0.975) * deviation)
        low, high = max(redrawn.mean - half, self.least), min(redrawn.mean + half, self.most)
        return Interval(redrawn.mean, low, high)

    def geometric(self) -> Interval:
        """Geometric mean of the ratios of the seeds, each of which counts as much as any other, with its interval.

        Raises:
            ValueError: a ratio is not positive.
        """
        ratios = self.each()
        if not (ratios > 0).all():
            raise ValueError(f"ratios {ratios} have no geometric mean")
        found = Score(np.log(ratios), np.ones(ratios.size)).interval()
        return Interval(float(np.exp(found.mean)), float(np.exp(found.low)), float(np.exp(found.high)))
