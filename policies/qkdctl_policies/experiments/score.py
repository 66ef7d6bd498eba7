"""A score, and what it is of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.learning.statistics import Interval, ratio

Floats = NDArray[np.float64]


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
    """Two sums per seed, of which the ratio counts, each of shape (seeds,)."""

    above: Floats
    below: Floats

    def each(self) -> Floats:
        """The ratio in each seed, 0 where there is nothing below the line."""
        return np.asarray(np.where(self.below > 0, self.above / np.where(self.below > 0, self.below, 1.0), 0.0))

    def interval(self) -> Interval:
        """Ratio of the sums, with the interval that holds 95 % of those of redrawn seeds."""
        return ratio(self.above[np.newaxis], self.below[np.newaxis])
