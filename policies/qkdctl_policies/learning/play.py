"""One episode of a contender on many networks, and what came of it."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.actions import HOLD
from qkdctl.policy.schema import FEATURES
from qkdctl_policies.environment.network_env import NetworkEnv, Observation

Floats = NDArray[np.float64]


class Contender(Protocol):
    """Whatever chooses actions for all links of an environment."""

    def begin(self, env: NetworkEnv) -> None:
        """Forget what was; an episode begins."""

    def choose(self, env: NetworkEnv, rows: Floats, legal: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One action per link.

        Args:
            env: for what is agreed about the links (`link_views`).
            rows: what a policy file sees, (links, features).
            legal: what may be done, (links, actions).
        """


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an episode in each network, of shape (networks,) unless said otherwise.

    Attributes:
        reward: mean per epoch.
        link_key_bps: key made by each link per second, shape (links,); key_bps: mean over the links of a network.
        delivered: share of the key asked for that was delivered.
        moves: actions other than hold per link and hour.
        interventions: of the shield, per link and hour.
    """

    reward: Floats
    link_key_bps: Floats
    key_bps: Floats
    delivered: Floats
    moves: Floats
    interventions: Floats


def play(env: NetworkEnv, seeds: list[int], contender: Contender) -> Played:
    """Let a contender run all networks through one episode."""
    observation, _ = env.reset(seed=seeds)
    contender.begin(env)
    key_bits = np.zeros(env.facts.dwell_epochs.size)
    totals = {name: np.zeros(env.num_envs) for name in ("reward", "asked", "delivered", "moves", "interventions")}
    for _ in range(env.settings.epochs):
        rows, legal = link_inputs(env, observation)
        chosen = contender.choose(env, rows, legal)
        observation, reward, _, _, infos = env.step(first_routes(env, chosen))
        key_bits += env.rows(infos["key_bits"])
        totals["reward"] += reward
        totals["moves"] += of_networks(env, chosen != HOLD.index)
        totals["interventions"] += of_networks(env, env.rows(infos["intervened"]))
        for name in ("asked", "delivered"):
            totals[name] += infos[f"{name}_bits"].sum(axis=1)
    seconds = env.settings.epochs * env.settings.epoch_s
    return Played(
        reward=totals["reward"] / env.settings.epochs,
        link_key_bps=key_bits / seconds,
        key_bps=of_networks(env, key_bits) / seconds,
        delivered=totals["delivered"] / np.maximum(totals["asked"], 1),
        moves=totals["moves"] * 3600 / seconds,
        interventions=totals["interventions"] * 3600 / seconds,
    )


def of_networks(env: NetworkEnv, of_links: NDArray[Any]) -> Floats:
    """Means over the links of each network, shape (networks,)."""
    network = env.world.stack.network_of_link
    return np.asarray(np.bincount(network, weights=of_links) / np.bincount(network))


def link_inputs(env: NetworkEnv, observation: Observation) -> tuple[Floats, NDArray[np.bool_]]:
    """What a policy file sees of all links, without padding: the features of the format and nothing besides."""
    return env.rows(observation["links"])[:, : len(FEATURES)], env.rows(observation["legal"]) > 0


def first_routes(env: NetworkEnv, chosen: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """The action that does this to the links and relays over the shortest routes."""
    shortest = np.zeros(env.world.stack.demands.rate_bps.size, dtype=np.int64)
    return {"links": env.padded(chosen), "routes": env.padded(shortest, "demands")}
