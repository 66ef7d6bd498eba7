"""Stable-Baselines3: its DQN (uniform replay, one step, no masks) on the same links, one environment for each."""

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.learning.batches import learning_batch
from qkdctl_policies.learning.play import first_routes, link_inputs
from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES, LARGEST
from tests.bench.policies.learning_order import Order, answer


class Links(VecEnv):
    """Every link of a `NetworkEnv` as an environment of its own; an illegal action holds."""

    def __init__(self, env: NetworkEnv, seeds: list[int]) -> None:
        self._env, self._episode_seeds = env, seeds
        self._actions: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        observations = gym.spaces.Box(-LARGEST, LARGEST, (len(FEATURES),), np.float32)
        super().__init__(env.facts.dwell_epochs.size, observations, gym.spaces.Discrete(len(ACTIONS)))

    def reset(self) -> NDArray[np.float32]:
        observation, _ = self._env.reset(seed=self._episode_seeds)
        return self._rows(observation)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        observation, _, _, _, infos = self._env.step(first_routes(self._env, self._actions))
        reward = self._env.rows(infos["link_reward"]).astype(np.float32)
        # no episode ends here: those of a batch are longer than what is learned from
        return self._rows(observation), reward, np.zeros(self.num_envs, dtype=np.bool_), [{}] * self.num_envs

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> Sequence[bool]:  # type: ignore[override]
        return [False] * self.num_envs

    def _rows(self, observation: Any) -> NDArray[np.float32]:
        return link_inputs(self._env, observation)[0].astype(np.float32)


def prepare(order: Order) -> Callable[[], tuple[int, int]]:
    """The same network widths, batch, updates per epoch, replay and warm-up."""
    torch.set_num_threads(1)
    config = order.config()
    batch = learning_batch(config, order.seed, 0)
    env, seeds = batch.env, batch.seeds
    links = Links(env, seeds)
    learner = config.learner
    model = DQN(
        "MlpPolicy",
        links,
        learning_rate=learner.learning_rate,
        buffer_size=config.replay.capacity,
        learning_starts=order.warm_up,
        batch_size=order.batch,
        tau=learner.target_rate,
        gamma=learner.gamma,
        train_freq=1,
        gradient_steps=order.updates,
        target_update_interval=1,
        policy_kwargs={"net_arch": list(learner.hidden)},
        seed=order.seed,
        device="cpu",
    )

    def learn() -> tuple[int, int]:
        steps = links.num_envs * order.epochs
        model.learn(steps)
        return steps, model._n_updates

    return learn


if __name__ == "__main__":
    answer(prepare, "stable-baselines3", "torch", "numpy")
