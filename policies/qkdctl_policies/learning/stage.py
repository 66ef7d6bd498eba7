"""Some of the networks that a policy rehearses on: they play what they are told, and take down what it was worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.environment.network_env import Observation
from qkdctl_policies.learning.batches import learning_batch
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.foresight import Foresight
from qkdctl_policies.learning.lessons import Lessons
from qkdctl_policies.learning.play import first_routes, link_inputs


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there to choose by before an epoch.

    Attributes:
        seen: what a policy sees, (links, features).
        legal: what may be done, (links, actions).
        guided: what the guide, who knows the links as they are, would do, (links,); hold unless asked for.
        reward: of the epoch before, (networks,).
    """

    seen: NDArray[np.float32]
    legal: NDArray[np.bool_]
    guided: NDArray[np.int64]
    reward: NDArray[np.float64]


class Stage:
    """The networks of one share of a batch.

    Args:
        config, seed: of the training.
        share, shares: which of so many, counted from 0; each has networks that follow one another.
    """

    def __init__(self, config: TrainingConfig, seed: int, share: int, shares: int) -> None:
        self._config, self._seed = config, seed
        begins, ends = (config.environment.networks * place // shares for place in (share, share + 1))
        self._places = slice(begins, ends)
        self._number = -1
        self._guided = False
        self._epoch = 0

    def begin(self, batch: int, visit: int, *, guided: bool) -> Scene:
        """Begin an episode of every network.

        Args:
            batch: of networks.
            visit: to them, which decides the weather.
            guided: whether to ask the guide.
        """
        if batch != self._number:
            self._number, self._batch = batch, learning_batch(self._config, self._seed, batch, places=self._places)
        env, part = self._batch.env, self._config.foresight
        self._ahead = Foresight(
            env, self._batch.reference_bps, self._config.reward, part.horizon, self._config.learner.gamma
        )
        observation, _ = env.reset(seed=self._batch.seeds_of(visit))
        self._guided = guided
        self._epoch = 0
        return self._scene(observation, np.zeros(env.num_envs))

    def step(self, chosen: NDArray[np.int64]) -> Scene:
        """Let an epoch pass.

        Args:
            chosen: action of each link.
        """
        env = self._batch.env
        observation, reward, *_ = env.step(first_routes(env, chosen))
        self._epoch += 1
        return self._scene(observation, reward)

    def lessons(self) -> Lessons:
        """What was to be learned from the episode, epoch by epoch."""
        return self._ahead.lessons()

    def _scene(self, observation: Observation, reward: NDArray[np.float64]) -> Scene:
        """What is to be seen; it is taken down, unless nothing is known yet or nothing more will be decided."""
        env = self._batch.env
        rows, legal = link_inputs(env, observation)
        seen, guided = rows.astype(np.float32), np.zeros(len(rows), dtype=np.int64)
        if 0 < self._epoch < self._config.environment.epochs:
            self._ahead.note(seen, legal)
            if self._guided:
                guided = self._ahead.guided()
        return Scene(seen, legal, guided, reward)
