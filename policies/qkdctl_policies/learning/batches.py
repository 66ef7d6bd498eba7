"""Networks side by side for learning and for choosing the best, each from its own seed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.environment.reward import RewardWeights
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.config_sections import FIRST_SELECTION_SEED
from qkdctl_policies.learning.ideal import reference_bps
from qkdctl_policies.learning.scenarios import network

Seeds = list[int]


@dataclass(frozen=True, slots=True)
class LearningBatch:
    """Networks to learn from.

    Attributes:
        env: the networks, whose episodes are an epoch longer than what is learned from; seeds: of the first ones.
        reference_bps: key per second of each link under ideal control in the weather of those, and no less than
            `[reward] least_ideal` says, shape (links,).
        origin: numbers that later episodes follow from.
        places: of these networks among all of the batch.
    """

    env: NetworkEnv
    seeds: Seeds
    reference_bps: NDArray[np.float64]
    origin: tuple[int, ...]
    places: NDArray[np.int64]

    def seeds_of(self, visit: int) -> Seeds:
        """Seeds of the networks' episodes in one visit, 0 or more."""
        if visit == 0:
            return self.seeds
        drawn = np.random.SeedSequence((*self.origin, visit)).generate_state(int(self.places[-1]) + 1)
        return [int(value) % FIRST_SELECTION_SEED for value in drawn[self.places]]


def learning_batch(
    config: TrainingConfig, seed: int, batch: int, group: int = 0, places: slice = slice(None)
) -> LearningBatch:
    """The networks of one group of a batch and the seeds of their episodes; a function of its arguments.

    Args:
        config: of the training.
        seed: likewise.
        batch: its number.
        group: likewise.
        places: of some networks, which are then the same as among all.
    """
    part = config.environment
    origin = (seed, batch, group) if group else (seed, batch)
    drawn = np.random.SeedSequence(origin).generate_state(2 * part.networks)
    seeds = [int(value) % FIRST_SELECTION_SEED for value in drawn]
    chosen = range(part.networks)[places]
    networks = [network(part.scenarios[place % len(part.scenarios)], seeds[place], part.sites) for place in chosen]
    episodes = [seeds[part.networks + place] for place in chosen]
    how = settings(config, part.epoch_s[(batch + group) % len(part.epoch_s)])
    # an epoch longer than what is learned from, or each episode would end with beginning one that nobody asked for
    env = NetworkEnv(networks, replace(how, epochs=how.epochs + 1))
    ideal_bps = reference_bps(networks, episodes, how)
    medians = [np.median(ideal_bps[links]) for links in env.world.stack.links_of]
    least = config.reward.least_ideal * np.array(medians)[env.world.stack.network_of_link]
    return LearningBatch(env, episodes, np.maximum(ideal_bps, least), (seed, batch, group), np.array(chosen))


def selection_batch(config: TrainingConfig) -> tuple[NetworkEnv, Seeds]:
    """The networks on which the best state is chosen, scenario by scenario, and the seeds of their episodes."""
    part = config.selection
    how = settings(config, config.environment.epoch_s[0])
    return judged_batch(config.environment.scenarios, part.networks, part.seed, how)


def judged_batch(scenarios: tuple[str, ...], each: int, seed: int, how: EnvSettings) -> tuple[NetworkEnv, Seeds]:
    """So many networks of each scenario, one scenario after the other, with seeds counting on."""
    seeds = [seed + number for _ in scenarios for number in range(each)]
    names = [name for name in scenarios for _ in range(each)]
    return NetworkEnv([network(name, own) for name, own in zip(names, seeds, strict=True)], how), seeds


def settings(config: TrainingConfig, epoch_s: float) -> EnvSettings:
    """The environment's own settings; it pays for no key, which the learner is paid for by the bit."""
    reward = config.reward
    names = ("service", "qber", "shortfall", "switch", "move", "intervention")
    weights = RewardWeights(key=0.0, **{name: getattr(reward, name) for name in names})
    return EnvSettings(epochs=config.environment.epochs, epoch_s=epoch_s, weights=weights, surroundings=False)
