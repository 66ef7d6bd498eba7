"""Which action each link takes while the policy learns."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.actions import BY_NAME, HOLD
from qkdctl_policies.learning.config_sections import ExplorationSection

REALIGN: Final = BY_NAME["realign"].index
Values = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From rows of features to the values of all actions."""


def best_legal(values: NDArray[np.float32] | NDArray[np.int64], legal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The legal action of the highest value per row; the lowest index among equals."""
    least = np.iinfo(np.int64).min if np.issubdtype(values.dtype, np.integer) else -np.inf
    return np.asarray(np.where(legal, values, least).argmax(axis=1))


def chances(settings: ExplorationSection, progress: float, networks: int) -> NDArray[np.float64]:
    """Chance of a random action in each network, shape (networks,), when this share of the training is over."""
    reached = min(progress / settings.share, 1.0)
    chance = settings.first + (settings.last - settings.first) * reached
    rungs = np.arange(networks) / max(networks - 1, 1)
    return np.asarray(chance ** (1 + settings.ladder * rungs))


def explore(
    best: NDArray[np.int64],
    legal: NDArray[np.bool_],
    chance: NDArray[np.float64],
    hold: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The best action of each row or, by chance, a random legal one.

    Args:
        best: of each row.
        legal: what may be done, (rows, actions).
        chance: of a random action, (rows,).
        hold: how many times as likely hold is as another one.
        rng: source of chance.
    """
    weights = legal.astype(np.float64)
    weights[:, HOLD.index] *= hold
    sums = weights.cumsum(axis=1)
    drawn = rng.random(best.size) * sums[:, -1]
    random = (sums <= drawn[:, np.newaxis]).sum(axis=1)
    return np.where(rng.random(best.size) < chance, random, best)
