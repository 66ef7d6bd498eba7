"""Processes in which groups of networks play, so that a policy learns from more of them than one core can run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl_policies.learning.acting import Acted, Acting
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.q_network import QNetwork
from qkdctl_policies.learning.remote import Remote

_EXPLORING: Final = 0xAC7
"""Sets the streams of exploration apart from those of weather and of the replay."""
Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Round:
    """What all groups are to do next: some epochs of one episode.

    Attributes:
        batch, visit: which episode; its first round begins it.
        first: whether this is its first round.
        progress: share of the training that is over.
        weights: of the policy.
    """

    batch: int
    visit: int
    first: bool
    progress: float
    weights: Weights


class Actors(Remote):
    """One process per group.

    Args:
        config, seed: of the training.

    Raises:
        TrainingError: in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        groups = [(config, seed, group) for group in range(config.actors.processes)]
        super().__init__(_Group, groups, "fewer [environment] networks need less memory, but make another training")
        self._groups = len(groups)

    def begin(self, order: Round) -> None:
        """Tell all groups what to do; they do it while others work.

        Raises:
            TrainingError: when one of the processes has died.
        """
        self.tell(_Group.play, [((order,), {})] * self._groups)

    def results(self) -> list[Acted]:
        """What came of the last round, by group and epoch; waits for the slowest.

        Raises:
            TrainingError: when one of the processes has died, or failed.
        """
        return [acted for of_group in self.answers() for acted in of_group]


class _Group:
    """One group of networks; those of the next batch replace it."""

    def __init__(self, config: TrainingConfig, seed: int, group: int) -> None:
        torch.set_num_threads(1)
        self._config, self._seed, self._group = config, seed, group
        self._network = QNetwork(config.learner.hidden)
        self._batch = -1
        self._rng = np.random.default_rng(0)

    def play(self, order: Round) -> list[Acted]:
        """Some epochs of all its networks."""
        if order.batch != self._batch:
            self._acting = Acting(self._config, self._seed, order.batch, self._group)
            self._batch = order.batch
        if order.first:
            self._acting.begin(order.visit)
            self._rng = np.random.default_rng((_EXPLORING, self._seed, order.batch, order.visit, self._group))
        self._network.load_state_dict({name: torch.from_numpy(part) for name, part in order.weights.items()})
        return [self._thinned(self._act(order.progress)) for _ in range(self._config.actors.epochs)]

    def _act(self, progress: float) -> Acted:
        return self._acting.act(self._network.values, progress, self._rng)

    def _thinned(self, acted: Acted) -> Acted:
        """With that share of the transitions that is kept."""
        whole = acted.transitions
        if whole is None:
            return acted
        kept = np.flatnonzero(self._rng.random(whole.action.size) < self._config.actors.kept)
        return Acted(whole.rows(kept), acted.reward, acted.links)
