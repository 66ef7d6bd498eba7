"""Laws in which few large values weigh as much as many small ones."""

from dataclasses import dataclass
from math import gamma

import numpy as np

from qkdctl.physics.arrays import Floats


@dataclass(frozen=True, slots=True)
class Weibull:
    """Durations with P(T > least + t) = exp(-(t/scale)^shape); the tail is heavy for a shape below 1.

    Attributes:
        scale: in the unit of the durations, > 0.
        shape: > 0.
        least: shortest duration, 0 or more.
    """

    scale: float
    shape: float
    least: float = 0.0

    @property
    def mean(self) -> float:
        """Mean duration."""
        return self.least + self.scale * gamma(1 + 1 / self.shape)

    def quantile(self, share: float) -> float:
        """Duration that a share of all durations does not exceed."""
        return float(self.least + self.scale * (-np.log1p(-share)) ** (1 / self.shape))

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Whole durations."""
        return np.asarray(self.least + self.scale * rng.weibull(self.shape, size))

    def draw_rest(self, size: int, rng: np.random.Generator) -> Floats:
        """What is left of the duration that is under way at a time nobody chose.

        Its density is P(T > t)/mean: flat up to the least duration, and beyond it ((t - least)/scale)^shape is gamma of
        order 1/shape.
        """
        beyond = self.least + self.scale * rng.standard_gamma(1 / self.shape, size) ** (1 / self.shape)
        early = rng.random(size) * self.mean
        return np.asarray(np.where(early < self.least, early, beyond))


@dataclass(frozen=True, slots=True)
class TruncatedPareto:
    """Sizes with P(X > x) proportional to x^-exponent between two bounds.

    Attributes:
        least, most: bounds, 0 < least < most.
        exponent: > 0.
    """

    least: float
    most: float
    exponent: float

    def quantile(self, share: Floats | float) -> Floats:
        """Size that a share of all sizes does not exceed."""
        cut = 1 - (self.least / self.most) ** self.exponent
        return np.asarray(self.least * (1 - np.asarray(share) * cut) ** (-1 / self.exponent))

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Independent sizes."""
        return self.quantile(rng.random(size))
