"""Networks at play while a policy learns: what every link does, and what comes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.environment.network_env import NetworkEnv, Observation
from qkdctl_policies.learning.batches import learning_batch
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.exploration import Values, best_legal, chances, explore
from qkdctl_policies.learning.n_step import NStep
from qkdctl_policies.learning.play import first_routes, link_inputs, of_networks
from qkdctl_policies.learning.replay import Transitions


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of an epoch.

    Attributes:
        transitions: that it completes, if any.
        reward: mean over the links.
        links: how many acted.
    """

    transitions: Transitions | None
    reward: float
    links: int


class Acting:
    """The networks of a batch, epoch by epoch.

    Args:
        config, seed: of the training.
        batch: number of the batch.
        group: which of the groups of networks that play at once.
    """

    def __init__(self, config: TrainingConfig, seed: int, batch: int, group: int = 0) -> None:
        self._config = config
        self._batch = learning_batch(config, seed, batch, group)
        self._observation: Observation = {}
        self._past = NStep(config.learner.n_step, config.learner.gamma)
        self._epoch = 0

    def begin(self, visit: int) -> None:
        """Begin an episode of every network, in weather that belongs to this visit."""
        self._observation, _ = self._batch.env.reset(seed=self._batch.seeds_of(visit))
        self._past = NStep(self._config.learner.n_step, self._config.learner.gamma)
        self._epoch = 0

    def act(self, values: Values, progress: float, rng: np.random.Generator) -> Acted:
        """One epoch of all networks.

        Args:
            values: of the policy as it is.
            progress: share of the training that is over.
            rng: of exploration.
        """
        env = self._batch.env
        rows, legal = _inputs(env, self._observation)
        chance = chances(self._config.exploration, progress, env.num_envs)[env.world.stack.network_of_link]
        chosen = explore(best_legal(values(rows), legal), legal, chance, self._config.exploration.hold, rng)
        self._observation, reward, _, _, infos = env.step(first_routes(env, chosen))
        self._epoch += 1
        last = self._epoch == self._config.environment.epochs
        total = self._link_rewards(reward, infos)
        paid = (self._config.learner.reward_scale * total).astype(np.float32)
        transitions = self._past.push(rows, chosen, paid, _inputs(env, self._observation), last=last)
        return Acted(transitions, float(total.mean()), chosen.size)

    def _link_rewards(self, reward: NDArray[np.float64], infos: Observation) -> NDArray[np.float64]:
        """What each link is taught: its own share of the reward, its key, and the service of its network."""
        env = self._batch.env
        own = env.rows(infos["link_reward"])
        served = (reward - of_networks(env, own))[env.world.stack.network_of_link]
        key = env.rows(infos["key_bits"]) / (self._batch.reference_bps * env.settings.epoch_s)
        return np.asarray(own + served + self._config.reward.key * key)


def _inputs(env: NetworkEnv, observation: Observation) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rows, legal = link_inputs(env, observation)
    return rows.astype(np.float32), legal
