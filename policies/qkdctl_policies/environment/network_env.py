"""The environment: many networks at once behind the Gymnasium vector interface."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl_policies.environment.facts import FactArrays, facts_of_links
from qkdctl_policies.environment.link_states import advanced, unseen, where
from qkdctl_policies.environment.link_views import LinkViews, observe_links
from qkdctl_policies.environment.network_views import NetworkViews, as_input
from qkdctl_policies.environment.padding import Padding
from qkdctl_policies.environment.reports import reported
from qkdctl_policies.environment.reward import RewardWeights, link_rewards, network_rewards, service
from qkdctl_policies.environment.rules import Events, legal_actions, refused_actions, shield_links
from qkdctl_policies.environment.spaces import spaces

Observation = dict[str, NDArray[Any]]

FULL_TRUST_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class EnvSettings:
    """How the environment runs.

    Attributes:
        epochs: length of an episode.
        epoch_s: length of an epoch.
        shield: limits on what actions may do.
        weights: of the reward.
        surroundings: whether observations tell what the policy format does not: `LINK_COLUMNS` and routes.
    """

    epochs: int = 200
    epoch_s: float = 10.0
    shield: ShieldSettings = field(default_factory=lambda: ShieldSettings(stale_after_ms=30_000))
    weights: RewardWeights = field(default_factory=RewardWeights)
    surroundings: bool = True

    def __post_init__(self) -> None:
        """Refuse episodes without length.

        Raises:
            ValueError: for fewer than one epoch, or an epoch without length.
        """
        if self.epochs < 1 or not 0 < self.epoch_s < np.inf:
            raise ValueError(f"an episode needs epochs of positive length, got {self.epochs} of {self.epoch_s!r} s")


class NetworkEnv(VectorEnv[Observation, dict[str, NDArray[Any]], NDArray[Any]]):
    """Networks side by side; one sub-environment each, of any topology.

    Tables are padded to the largest network; masks tell what is real. A network's episode depends on its own seed
    alone, whatever other networks run beside it. Reaching the end of an episode is a truncation, never a termination.

    Observation (leading axis: networks):
        links: (links, features), multiples of 1/4096 in -8 to 8: the features of the policy format, then
            `LINK_COLUMNS`.
        legal: (links, actions), 1 where an action may be taken; action 0, hold, always may.
        link_mask: (links,), 1 for a link.
        routes: (demands, candidates, features), likewise: `PATH_COLUMNS`.
        route_mask: (demands, candidates), 1 for a candidate.
        Without `surroundings` only the features of the format are in `links`, and nothing is said of routes.

    Action:
        links: (links,), an index into the action table. What is illegal, or what the shield refuses, becomes hold and
            counts as an intervention.
        routes: (demands,), a candidate; one that does not exist keeps the present route.

    Attributes:
        world: the networks; no policy sees it.
        last: all that happened in the last epoch, likewise; None before the first one.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 - as the base

    def __init__(self, networks: Sequence[Network], settings: EnvSettings | None = None) -> None:
        """Take these networks; the first `reset` begins their episodes.

        Raises:
            ValueError: without a network, or when one has no demand.
        """
        self.settings = settings or EnvSettings()
        if any(network.demands.rate_bps.size == 0 for network in networks):
            raise ValueError("every network needs a demand for key, or there is nothing to deliver")
        self.world = NetworkWorld(networks, [0] * len(networks), epoch_s=self.settings.epoch_s)
        self.num_envs = len(networks)
        stack = self.world.stack
        facts = [entry for network in networks for entry in facts_of_links(network, self.settings.epoch_s)]
        self.facts = FactArrays.of(facts)
        self._links, self._demands = Padding.of_links(stack), Padding.of_demands(stack)
        self._routes = Padding.of_routes(stack)
        self._views = NetworkViews(stack)
        self._events = Events(stack.links.count, self.settings.shield)
        self._trust_ppm = np.full(stack.node_count, FULL_TRUST_PPM, dtype=np.int64)
        self._states = unseen(self.facts, stack.links.first_protocol)
        self._chosen = np.zeros(stack.demands.rate_bps.size, dtype=np.int64)
        self._bits_before = self.world.buffers.bits.copy()
        self._seeds = list(range(self.num_envs))
        self._episodes = [0] * self.num_envs
        self._age = np.zeros(self.num_envs, dtype=np.int64)
        self._epoch = 0
        self._legal = legal_actions(self.link_views())
        self.last: Epoch | None = None
        demands, candidates = self._routes.shape[1:]
        self.single_observation_space, self.single_action_space = spaces(
            self._links.shape[1], demands, candidates, surroundings=self.settings.surroundings
        )
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin new episodes.

        Args:
            seed: of each network, or of the first one, the others counting on from it. Without, or None for a network,
                its next episode follows from its last seed.
            options: `reset_mask`, shape (networks,): begin only these.

        Raises:
            ValueError: for seeds that are negative or not one per network.
        """
        mask = np.ones(self.num_envs, dtype=np.bool_)
        if options and "reset_mask" in options:
            mask = np.asarray(options["reset_mask"], dtype=np.bool_)
        self._reseed(seed)
        self.last = None
        self._begin(np.flatnonzero(mask))
        return self._observe(), {}

    def step(
        self, actions: dict[str, NDArray[Any]]
    ) -> tuple[Observation, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One epoch of every network.

        Networks whose episode ends begin the next at once: the observation is then that of the new episode, the last
        one of the old is in `infos["final_obs"]` for the networks of `infos["_final_obs"]`.
        """
        views = self.link_views()
        wanted = self._links.gather(np.asarray(actions["links"], dtype=np.int64))
        taken = np.where(self._legal[np.arange(wanted.size), wanted], wanted, 0)
        stack = self.world.stack
        decided = shield_links(views, taken, self.settings.shield, self._events, self._epoch, stack.network_of_link)
        decided = decided.with_illegal(taken != wanted)
        route = self._demands.gather(np.asarray(actions["routes"], dtype=np.int64))
        self._chosen = np.where(route < stack.routes.choices(), route, self._chosen)
        self._events.note(self._epoch, decided.protocol_number != self._states.protocol_number, decided.realign)
        self._bits_before = self.world.buffers.bits.copy()
        # a link that was never reported keeps what it is set to, whatever is believed about it
        known = self._states.running > 0
        power = np.where(known, decided.mean_photon_number_e6, self.world.operation.mean_photon_number_e6)
        epoch = self.world.step(
            Commands(power, decided.protocol_number, decided.realign, self._chosen),
            self._trust_ppm / FULL_TRUST_PPM,
        )
        self.last = epoch
        self._epoch += 1
        self._age += 1
        rows, present = reported(stack.links, self.world.operation, epoch, self.settings.epoch_s)
        self._states = advanced(self._states, rows, present, self.facts, round(1000 * self.settings.epoch_s))
        of_links = link_rewards(
            self.settings.weights, epoch, self.link_views(), self.world.buffers.bits, stack, decided
        )
        served = service(epoch, stack, self.settings.epoch_s)
        rewards = network_rewards(self.settings.weights, of_links, served, stack)
        infos = self._infos(epoch, of_links, decided.intervened)
        truncated = self._age >= self.settings.epochs
        observation = self._observe()
        if truncated.any():
            infos |= {"final_obs": observation, "_final_obs": truncated.copy()}
            self._begin(np.flatnonzero(truncated))
            observation = self._observe()
        return observation, rewards, np.zeros(self.num_envs, dtype=np.bool_), truncated, infos

    def rows(self, table: NDArray[Any], kind: str = "links") -> NDArray[Any]:
        """The rows of a padded table without padding, those of all networks behind each other.

        Args:
            table: with the leading axes of `links`, `demands` or `routes`.
            kind: which of the three.

        Raises:
            KeyError: for any other kind.
        """
        return {"links": self._links, "demands": self._demands, "routes": self._routes}[kind].gather(table)

    def padded(self, rows: NDArray[Any], kind: str = "links") -> NDArray[Any]:
        """The other way round: rows of all networks as one padded table."""
        return {"links": self._links, "demands": self._demands, "routes": self._routes}[kind].spread(rows)

    def link_views(self) -> LinkViews:
        """What is agreed about all links, without padding: what a contender without a network decides by."""
        trust = self._trust_ppm[self.world.stack.ends]
        epoch_ms = round(1000 * self.settings.epoch_s)
        return LinkViews(self._states, self.facts, trust.min(axis=0), trust.sum(axis=0) // 2, epoch_ms)

    def refused(self) -> NDArray[np.bool_]:
        """Actions that the shield would turn into hold now, without padding, shape (links, actions)."""
        return refused_actions(self.link_views(), self.settings.shield, self._events, self._epoch)

    def _reseed(self, seed: int | Sequence[int | None] | None) -> None:
        if seed is None:
            return
        seeds = [seed + number for number in range(self.num_envs)] if isinstance(seed, int) else list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"{self.num_envs} networks need as many seeds, got {len(seeds)}")
        for number, own in enumerate(seeds):
            if own is not None:
                if own < 0:
                    raise ValueError(f"seeds are 0 or more, got {own}")
                self._seeds[number], self._episodes[number] = own, 0

    def _begin(self, numbers: NDArray[np.intp]) -> None:
        """New episodes of some networks; an episode follows from the network's seed and its place after it."""
        stack = self.world.stack
        fresh = np.zeros(stack.links.count, dtype=np.bool_)
        for number in numbers:
            sequence = np.random.SeedSequence((self._seeds[number], self._episodes[number]))
            self.world.reset(int(number), int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
            self._episodes[number] += 1
            self._age[number] = 0
            links = stack.links_of[number]
            fresh[links] = True
            self._events.reset(links)
            self._chosen[stack.demands_of[number]] = 0
        self._states = where(fresh, unseen(self.facts, stack.links.first_protocol), self._states)
        self._bits_before = np.where(fresh, self.world.buffers.bits, self._bits_before)

    def _observe(self) -> Observation:
        views = self.link_views()
        self._legal = legal_actions(views)
        features = observe_links(views)
        seen = {"legal": self._links.spread(self._legal.astype(np.int8)), "link_mask": self._links.mask()}
        if not self.settings.surroundings:
            return seen | {"links": self._links.spread(as_input(features))}
        stack, world = self.world.stack, self.world
        chosen = stack.routes.demand_offsets[:-1] + self._chosen
        waiting = world.queues.waiting_bits
        around = self._views.links(world.buffers.bits, self._bits_before, waiting, chosen)
        paths = self._views.paths(world.buffers.bits, waiting, self._trust_ppm, chosen)
        return seen | {
            "links": self._links.spread(as_input(np.concatenate([features, around], axis=1))),
            "routes": self._routes.spread(as_input(paths)),
            "route_mask": self._routes.mask(),
        }

    def _infos(self, epoch: Epoch, of_links: NDArray[np.float64], intervened: NDArray[np.bool_]) -> dict[str, Any]:
        """Figures of the epoch, padded like the observation."""
        served = epoch.served
        return {
            "link_reward": self._links.spread(of_links),
            "intervened": self._links.spread(intervened),
            "key_bits": self._links.spread(epoch.key.proven_bits),
            "asked_bits": self._demands.spread(served.asked),
            "delivered_bits": self._demands.spread(served.delivered),
            "given_up_bits": self._demands.spread(served.given_up),
        }
