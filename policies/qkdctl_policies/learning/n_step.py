"""Returns over several epochs (Sutton and Barto, Reinforcement Learning, 2nd ed., 7.1) of many links at once."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.learning.replay import Transitions

Floats = NDArray[np.float32]


class NStep:
    """Turns epochs into transitions over at most n of them.

    An episode ends by time only, so its last transitions are shorter and count the value of its last observation, as
    if it went on.
    """

    def __init__(self, epochs: int, gamma: float) -> None:
        """Nothing has happened yet.

        Args:
            epochs: n, 1 or more.
            gamma: discount per epoch.
        """
        self._epochs, self._gamma = epochs, gamma
        self._past: deque[tuple[Floats, NDArray[np.int64], Floats]] = deque()

    def push(
        self,
        observation: Floats,
        action: NDArray[np.int64],
        reward: Floats,
        after: tuple[Floats, NDArray[np.bool_]],
        *,
        last: bool,
    ) -> Transitions | None:
        """Add an epoch of all links, and take the transitions it completes.

        Args:
            observation: before it, (links, features).
            action: of it, (links,).
            reward: of it, (links,).
            after: observation and legal actions after it; of the old episode when it is the last.
            last: whether the episode ends.

        Returns:
            None while no transition is complete.
        """
        self._past.append((observation, action, reward))
        complete = []
        while self._past and (last or len(self._past) == self._epochs):
            complete.append(self._oldest(*after))
            self._past.popleft()
        return Transitions.joined(complete) if complete else None

    def _oldest(self, next_observation: Floats, next_legal: NDArray[np.bool_]) -> Transitions:
        observation, action, _ = self._past[0]
        total = sum(self._gamma**epoch * reward for epoch, (_, _, reward) in enumerate(self._past))
        discount = np.full(action.size, self._gamma ** len(self._past), dtype=np.float32)
        return Transitions(
            observation, action, np.asarray(total, dtype=np.float32), next_observation, next_legal, discount
        )
