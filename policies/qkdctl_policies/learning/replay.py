"""Prioritised experience replay (Schaul et al., ICLR 2016), proportional variant."""

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.learning.sum_tree import SumTree

Floats = NDArray[np.float32]

LEAST_ERROR: Final = 1e-4
"""Added to every error, so that no transition is forgotten altogether."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """What happened to links over n epochs, one row each.

    Attributes:
        observation, next_observation: features before and after, float32 (rows, features).
        action: index into the action table, int64 (rows,).
        reward: discounted sum over the epochs, float32 (rows,).
        next_legal: what may be done afterwards, bool (rows, actions).
        discount: what the value afterwards counts, float32 (rows,).
    """

    observation: Floats
    action: NDArray[np.int64]
    reward: Floats
    next_observation: Floats
    next_legal: NDArray[np.bool_]
    discount: Floats

    @classmethod
    def joined(cls, parts: "list[Transitions]") -> Self:
        """The rows of all parts behind each other."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def rows(self, places: NDArray[np.int64]) -> "Transitions":
        """Some of the rows."""
        return Transitions(**{field.name: getattr(self, field.name)[places] for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows drawn from the replay.

    Attributes:
        places: where they lie, for `update`.
        transitions: the rows.
        weights: importance of each, float32 in (0, 1] with maximum 1.
    """

    places: NDArray[np.int64]
    transitions: Transitions
    weights: Floats


class Replay:
    """A ring of transitions, the oldest overwritten first."""

    def __init__(self, capacity: int, features: int, actions: int, alpha: float) -> None:
        """Nothing is stored yet.

        Args:
            capacity: rows to keep.
            features: width of the observations.
            actions: number of actions.
            alpha: how much errors count; 0 draws uniformly.
        """
        self.size = 0
        self._alpha = alpha
        self._place = 0
        self._highest = 1.0
        self._tree = SumTree(capacity)
        self._table = Transitions(
            observation=np.zeros((capacity, features), dtype=np.float32),
            action=np.zeros(capacity, dtype=np.int64),
            reward=np.zeros(capacity, dtype=np.float32),
            next_observation=np.zeros((capacity, features), dtype=np.float32),
            next_legal=np.zeros((capacity, actions), dtype=np.bool_),
            discount=np.zeros(capacity, dtype=np.float32),
        )

    def add(self, new: Transitions) -> None:
        """Store rows with the highest priority seen so far, so that each is looked at."""
        capacity = self._tree.capacity
        new = new.rows(np.arange(max(new.action.size - capacity, 0), new.action.size))
        places = (self._place + np.arange(new.action.size)) % capacity
        for field in fields(new):
            getattr(self._table, field.name)[places] = getattr(new, field.name)
        self._tree.set(places, np.full(places.size, self._highest))
        self._place = int((self._place + places.size) % capacity)
        self.size = min(self.size + places.size, capacity)

    def sample(self, rows: int, beta: float, rng: np.random.Generator) -> Sample:
        """Draw rows in proportion to their priorities, one from each of as many equal parts of their sum.

        Args:
            rows: how many.
            beta: how much of the bias the weights correct; 1 is all.
            rng: source of chance.

        Raises:
            ValueError: when nothing is stored.
        """
        total = self._tree.total
        places = self._tree.find((np.arange(rows) + rng.random(rows)) * (total / rows))
        chances = self._tree.of(places) / total
        weights = (self.size * chances) ** -beta
        return Sample(places, self._table.rows(places), (weights / weights.max()).astype(np.float32))

    def update(self, places: NDArray[np.int64], errors: NDArray[np.floating[Any]]) -> None:
        """Set the priorities of rows drawn before from the sizes of their errors now."""
        priorities = (np.abs(errors.astype(np.float64)) + LEAST_ERROR) ** self._alpha
        self._highest = max(self._highest, float(priorities.max()))
        self._tree.set(places, priorities)

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything stored, for a checkpoint."""
        rows = np.arange(self.size)
        table = {field.name: getattr(self._table, field.name)[rows] for field in fields(self._table)}
        numbers = np.array([self._place, self._highest], dtype=np.float64)
        return {**table, "priorities": self._tree.priorities[: self.size], "numbers": numbers}

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; the capacity must be the same."""
        self.size = state["action"].size
        for field in fields(self._table):
            getattr(self._table, field.name)[: self.size] = state[field.name]
        self._tree.set(np.arange(self.size), state["priorities"])
        self._place, self._highest = int(state["numbers"][0]), float(state["numbers"][1])
