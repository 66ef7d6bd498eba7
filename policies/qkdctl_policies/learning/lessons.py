"""What links saw, and what each action would have been worth to them: the rows a policy is taught with."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Rows of links, one per link and epoch.

    Attributes:
        observation: what the policy saw, (rows, features).
        gain: of each action over hold, (rows, actions): key per epoch as a share of what the link makes under ideal
            control, mean over the epochs ahead, less what the action costs.
        known: where a gain is told, (rows, actions).
    """

    observation: Floats
    gain: Floats
    known: NDArray[np.bool_]


class LessonBook:
    """A ring of lessons, the oldest overwritten first; all are as likely to be drawn."""

    def __init__(self, capacity: int, features: int, actions: int) -> None:
        """Nothing is written yet.

        Args:
            capacity: rows to keep.
            features: width of the observations.
            actions: number of actions.
        """
        self.size = 0
        self._capacity, self._place = capacity, 0
        self._table = Lessons(
            observation=np.zeros((capacity, features), dtype=np.float32),
            gain=np.zeros((capacity, actions), dtype=np.float32),
            known=np.zeros((capacity, actions), dtype=np.bool_),
        )

    def add(self, new: Lessons) -> None:
        """Write rows down; of more than there is room for, the last ones."""
        rows = len(new.gain)
        kept = np.arange(max(rows - self._capacity, 0), rows)
        places = (self._place + np.arange(kept.size)) % self._capacity
        for field in fields(new):
            getattr(self._table, field.name)[places] = getattr(new, field.name)[kept]
        self._place = int((self._place + kept.size) % self._capacity)
        self.size = min(self.size + kept.size, self._capacity)

    def sample(self, rows: int, rng: np.random.Generator) -> Lessons:
        """Draw rows, the same one more than once perhaps.

        Raises:
            ValueError: when nothing is written.
        """
        places = rng.integers(self.size, size=rows)
        return Lessons(
            **{field.name: getattr(self._table, field.name).take(places, axis=0) for field in fields(self._table)}
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything written, for a checkpoint."""
        rows = np.arange(self.size)
        table = {field.name: getattr(self._table, field.name)[rows] for field in fields(self._table)}
        return {**table, "place": np.array([self._place])}

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; the capacity must be the same."""
        self.size, self._place = len(state["gain"]), int(state["place"][0])
        for field in fields(self._table):
            getattr(self._table, field.name)[: self.size] = state[field.name]
