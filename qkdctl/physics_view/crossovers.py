"""Losses at which one protocol overtakes another, or the bound without repeater."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import permutations
from typing import Any

import numpy as np

from qkdctl.physics.arrays import Floats

PLOB = "plob"
_POINTS, _ROUNDS = 9, 5


@dataclass(frozen=True, slots=True)
class Crossover:
    """Where, with growing loss, one begins to give more than another.

    Attributes:
        winner: protocol, or `PLOB`, that gives more beyond.
        loser: protocol, or `PLOB`, that gave more before.
        loss_db: of the fibre, to about 1e-5 dB.
        rate_per_pulse: that both give there.
    """

    winner: str
    loser: str
    loss_db: float
    rate_per_pulse: float

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


_Rate = Callable[[Floats], Floats]


def crossovers(lines: Mapping[str, _Rate], on_grid: Mapping[str, Floats], loss_db: Floats) -> tuple[Crossover, ...]:
    """All crossovers between losses of an ascending grid, nearest first; ends of keys do not count as such.

    Args:
        lines: secret bits per slot at any losses, at least 0, by name.
        on_grid: the same at `loss_db`.
        loss_db: the grid.
    """
    found = []
    for winner, loser in permutations(lines, 2):
        ahead = on_grid[winner] > on_grid[loser]
        behind = on_grid[winner] < on_grid[loser]
        for start in np.flatnonzero(behind[:-1] & ahead[1:]):
            at = _refined(lines[winner], lines[loser], float(loss_db[start]), float(loss_db[start + 1]))
            found.append(Crossover(winner, loser, at, float(lines[winner](np.array([at]))[0])))
    return tuple(sorted(found, key=lambda crossover: crossover.loss_db))


def _refined(winner: _Rate, loser: _Rate, behind_db: float, ahead_db: float) -> float:
    """Where the winner gets ahead, between a loss where it is behind and one where it is ahead."""
    for _ in range(_ROUNDS):
        loss = np.linspace(behind_db, ahead_db, _POINTS)
        first = int(np.argmax(winner(loss) > loser(loss)))
        behind_db, ahead_db = float(loss[max(first - 1, 0)]), float(loss[first])
    return ahead_db
