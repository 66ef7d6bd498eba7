"""When a block of counts is full and its key is distilled."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats

_NEVER = 1e-100


@dataclass(frozen=True, slots=True)
class BlockSize:
    """A block ends after so many pulses, or after so many clicks of all intensities in the key basis.

    Attributes:
        number: > 0, shape [...].
        unit: what is counted.

    Raises:
        ValueError: unless the number is positive and finite.
    """

    number: ArrayLike
    unit: Literal["pulses", "key_clicks"]

    def __post_init__(self) -> None:
        number = floats(self.number)
        if not np.all((number > 0) & np.isfinite(number)):
            raise ValueError(f"a block must hold a positive number of {self.unit}, got {number!r}")

    def pulses(self, clicks_per_pulse: ArrayLike) -> Floats:
        """Pulses to send until the block is full; beyond any patience, but finite, where nothing ever clicks.

        Args:
            clicks_per_pulse: share of all pulses that click in the key basis, shape [...].
        """
        number, clicks = np.broadcast_arrays(floats(self.number), floats(clicks_per_pulse))
        return np.asarray(number if self.unit == "pulses" else number / np.maximum(clicks, _NEVER))
