"""A feed-forward network as integers: its layers, and the proof that doubles compute it exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.schema import GRID, LARGEST

EXACT: Final = 2**53
"""Integers up to here are doubles."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer, y = round(x W + b) on the grid, in units of 1/4096.

    Attributes:
        weights: int64 [inputs, outputs].
        biases: int64 [outputs].
    """

    weights: NDArray[np.int64]
    biases: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ValueError: when weights are no matrix or biases do not fit them.
        """
        if self.weights.ndim != 2 or self.biases.shape != self.weights.shape[1:]:
            raise ValueError(f"weights {self.weights.shape} and biases {self.biases.shape} make no layer")


def value_bound(layers: Sequence[Layer]) -> int:
    """Largest absolute output the network can give for inputs |x| <= 8, in units of 1/4096.

    Every product is a multiple of 2^-24. While the sum of absolute products of a unit stays within 2^53 of these, every
    partial sum in any order is exact, so every CPU gives the same bits.

    Raises:
        PolicyRejected: `not-exact` when a layer could exceed that.
    """
    bounds = np.full(layers[0].weights.shape[0], LARGEST * GRID, dtype=object)
    for index, layer in enumerate(layers):
        weights = np.abs(layer.weights.astype(object))
        sums = bounds @ weights + np.abs(layer.biases.astype(object)) * GRID
        largest = max(int(value) for value in sums)
        if largest > EXACT:
            text = f"layer {index} can reach {largest} units of 2^-24, exact are up to 2^53; use smaller weights"
            raise PolicyRejected("not-exact", text)
        bounds = (sums + GRID // 2) // GRID
    return max(int(value) for value in bounds)
