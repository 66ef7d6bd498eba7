"""A binary tree of sums, in which a place is found by a share of the total in logarithmic time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class SumTree:
    """Priorities of `capacity` places, and sampling in proportion to them.

    Invariant: every inner node is the sum of its two children as doubles give it. Inner nodes are recomputed from their
    children, never adjusted by differences, so no error builds up however often priorities change.
    """

    def __init__(self, capacity: int) -> None:
        """All priorities are 0.

        Raises:
            ValueError: for a capacity below 1.
        """
        if capacity < 1:
            raise ValueError(f"a tree needs at least one place, got {capacity}")
        self.capacity = capacity
        self._leaves = 1 << (capacity - 1).bit_length()
        self._nodes = np.zeros(2 * self._leaves, dtype=np.float64)

    @property
    def total(self) -> float:
        """Sum of all priorities."""
        return float(self._nodes[1])

    @property
    def priorities(self) -> NDArray[np.float64]:
        """Priority of each place, shape (capacity,)."""
        return self._nodes[self._leaves : self._leaves + self.capacity].copy()

    def of(self, places: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Priorities of some places, shape (n,)."""
        return self._nodes[places + self._leaves]

    def set(self, places: NDArray[np.integer[Any]], priorities: NDArray[np.float64]) -> None:
        """Change priorities; of a place named twice the last one counts.

        Args:
            places: in 0 to capacity - 1, shape (n,).
            priorities: finite and 0 or more, shape (n,).

        Raises:
            IndexError: for a place out of range.
            ValueError: for a priority that is negative or not finite.
        """
        if places.size == 0:
            return
        if places.min() < 0 or places.max() >= self.capacity:
            raise IndexError(f"places lie in 0 to {self.capacity - 1}, got {places.min()} to {places.max()}")
        if not (np.isfinite(priorities).all() and priorities.min() >= 0):
            raise ValueError("priorities must be finite and 0 or more")
        self._nodes[places + self._leaves] = priorities
        nodes = np.unique(places + self._leaves)
        while nodes[0] > 1:
            parents = nodes >> 1
            nodes = parents[np.append(True, parents[1:] != parents[:-1])]
            self._nodes[nodes] = self._nodes[2 * nodes] + self._nodes[2 * nodes + 1]

    def find(self, sums: NDArray[np.float64]) -> NDArray[np.int64]:
        """The places in which cumulated sums lie, shape (n,): place i for those from its predecessors' sum on.

        Args:
            sums: in 0 to `total`. Rounding may carry one beyond the last place; it is clamped to that.

        Raises:
            ValueError: when all priorities are 0.
        """
        if self.total <= 0:
            raise ValueError("no place has a priority above 0")
        rest = sums.copy()
        nodes = np.ones(sums.size, dtype=np.int64)
        while nodes.size and nodes[0] < self._leaves:
            left = self._nodes[2 * nodes]
            # an empty branch is never entered, whatever rounding left of the sum
            right = ((rest >= left) & (self._nodes[2 * nodes + 1] > 0)) | (left == 0)
            rest = np.where(right, rest - left, rest)
            nodes = 2 * nodes + right
        return np.minimum(nodes - self._leaves, self.capacity - 1)
