"""Which numbers a quantity may be, and the refusal of others."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl.physics.arrays import Floats, floats


@dataclass(frozen=True, slots=True)
class Range:
    """The finite numbers from `least` to `most`; `above` and `below` exclude the ends themselves."""

    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    below: bool = False

    def admits(self, values: Floats) -> NDArray[np.bool_]:
        """Where values lie in the range."""
        high_enough = values > self.least if self.above else values >= self.least
        low_enough = values < self.most if self.below else values <= self.most
        return np.asarray(high_enough & low_enough & np.isfinite(values))

    def __str__(self) -> str:
        opening = "(" if self.above or self.least == -math.inf else "["
        closing = ")" if self.below or self.most == math.inf else "]"
        return f"{opening}{self.least:g}, {self.most:g}{closing}"


FINITE = Range()
NON_NEGATIVE = Range(0.0)
POSITIVE = Range(0.0, above=True)
PROBABILITY = Range(0.0, 1.0)
POSITIVE_PROBABILITY = Range(0.0, 1.0, above=True)
ERROR_PROBABILITY = Range(0.0, 0.5)
"""Of errors that flip no more bits than chance does."""


def require(value: object, ranges: Mapping[str, Range], *, prefix: str = "") -> None:
    """Insist that attributes of a value, numbers or arrays of them, lie in their ranges.

    Args:
        value: what has the attributes.
        ranges: ranges by name of the attribute.
        prefix: what stands before these names in a message.

    Raises:
        ValueError: naming the first attribute, and the first number of it, that does not.
    """
    for name, allowed in ranges.items():
        numbers = floats(getattr(value, name))
        fits = allowed.admits(numbers)
        if not fits.all():
            index = tuple(int(n) for n in np.unravel_index(int(fits.argmin()), fits.shape))
            place = f" at {list(index)}" if index else ""
            raise ValueError(f"{prefix}{name} must lie in {allowed}, got {numbers[index]:g}{place}")
