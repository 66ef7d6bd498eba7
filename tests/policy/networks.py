"""Networks for tests, and what they compute in exact integers."""

from itertools import pairwise

import numpy as np

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.layers import Layer
from qkdctl.policy.schema import FEATURES, GRID


def random_network(seed: int, *hidden: int, largest: int = 4 * GRID) -> tuple[Layer, ...]:
    """Layers with integer weights and biases of at most this magnitude, in 1/4096."""
    rng = np.random.default_rng(seed)
    widths = (len(FEATURES), *hidden, len(ACTIONS))
    return tuple(
        Layer(
            rng.integers(-largest, largest + 1, (inputs, outputs)),
            rng.integers(-largest, largest + 1, outputs),
        )
        for inputs, outputs in pairwise(widths)
    )


def reference(layers: tuple[Layer, ...], rows: list[list[int]]) -> list[list[int]]:
    """Values in 1/4096 of an observation in 1/4096, with Python's integers and no rounding but the stated one."""
    for index, layer in enumerate(layers):
        weights, biases = layer.weights.tolist(), layer.biases.tolist()
        rows = [
            [rounded(sum(x * weights[i][j] for i, x in enumerate(row)) + biases[j] * GRID) for j in range(len(biases))]
            for row in rows
        ]
        if index < len(layers) - 1:
            rows = [[max(value, 0) for value in row] for row in rows]
    return rows


def rounded(value: int) -> int:
    """A number of 2^-24 in units of 1/4096, halves to even."""
    whole, rest = divmod(value, GRID)
    return whole + (2 * rest > GRID or (2 * rest == GRID and whole % 2 == 1))
