"""What a vetted network must give, in integers alone, and the observations on which a runtime is held to it."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.layers import Layer
from qkdctl.policy.schema import FEATURES, GRID, LARGEST

_RANDOM_ROWS: Final = 48
_SEED: Final = b"qkdctl golden observations 1"


def exact_values(layers: Sequence[Layer], observation: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values [links, actions] in 1/4096 of an observation [links, features] in 1/4096.

    Every sum stays below 2^53 units of 2^-24 (`layers.value_bound` proves it), so 64 bits never overflow.
    """
    values = observation
    for index, layer in enumerate(layers):
        values = _rounded(values @ layer.weights + layer.biases * GRID)
        if index < len(layers) - 1:
            values = np.maximum(values, 0)
    return values


def golden_observations() -> NDArray[np.int64]:
    """Observations [rows, features] in 1/4096: zero, the corners, each feature alone at both ends, and a fixed mixture.

    They are the same on every machine and in every version of numpy, so a failure can be repeated.
    """
    width, largest = len(FEATURES), LARGEST * GRID
    corners = np.array([np.zeros(width), np.full(width, largest), np.full(width, -largest)], dtype=np.int64)
    alone = np.concatenate([np.eye(width, dtype=np.int64) * largest, np.eye(width, dtype=np.int64) * -largest])
    drawn = np.frombuffer(_stream(4 * _RANDOM_ROWS * width), dtype="<u4").astype(np.int64)
    mixture = drawn.reshape(_RANDOM_ROWS, width) % (2 * largest + 1) - largest
    return np.concatenate([corners, alone, mixture])


def _rounded(sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """Units of 2^-24 as units of 1/4096, halves to even."""
    whole, rest = sums // GRID, sums % GRID
    is_up = (2 * rest > GRID) | ((2 * rest == GRID) & (whole % 2 == 1))
    return np.asarray(whole + is_up, dtype=np.int64)


def _stream(size: int) -> bytes:
    blocks = (hashlib.sha256(_SEED + block.to_bytes(4, "big")).digest() for block in range(-(-size // 32)))
    return b"".join(blocks)[:size]
