"""Episodes in which every action is weighed: who plays them, and what is taken down."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from qkdctl_policies.learning.batches import learning_batch
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.exploration import REALIGN, Values, best_legal, explore
from qkdctl_policies.learning.foresight import Foresight
from qkdctl_policies.learning.informed import InformedContender
from qkdctl_policies.learning.lessons import Lessons
from qkdctl_policies.learning.play import first_routes, link_inputs

GUIDE_EPOCHS: Final = 12
"""How far the guide, who knows the truth, looks ahead; of single horizons nearly the best on all scenarios."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of an episode.

    Attributes:
        lessons: to learn from.
        links: that played; reward: mean over the epochs of the networks.
    """

    lessons: Lessons
    links: int
    reward: float


class Rehearsal:
    """The networks of a batch.

    Args:
        config, seed: of the training.
        batch: number of the batch.
    """

    def __init__(self, config: TrainingConfig, seed: int, batch: int) -> None:
        self._config = config
        self._batch = learning_batch(config, seed, batch)

    def episode(self, visit: int, values: Values | None, rng: np.random.Generator) -> Rehearsed:
        """Play one episode of every network, in weather that belongs to this visit.

        The policy plays, so that it is taught where it will be. Now and then chance takes a link's action instead, some
        links act only now and then, and some do not re-align: otherwise nobody would see, and learn to mend, what a
        good policy does not let happen.

        Args:
            visit: to these networks.
            values: of the policy as it is; None as long as it knows nothing, then the guide plays.
            rng: source of chance.
        """
        part, learner = self._config.foresight, self._config.learner
        env = self._batch.env
        ahead = Foresight(env, self._batch.reference_bps, self._config.reward, part.horizon, learner.gamma)
        observation, _ = env.reset(seed=self._batch.seeds_of(visit))
        links = self._batch.reference_bps.size
        willing = np.where(rng.random(links) < part.idle, rng.random(links) ** 2, 1.0)
        lets_drift = rng.random(links) < part.drifting
        rewards = []
        for _ in range(self._config.environment.epochs):
            rows, legal = link_inputs(env, observation)
            chosen = np.zeros(links, dtype=np.int64)
            if env.last is not None:
                seen = rows.astype(np.float32)
                ahead.note(seen, legal)
                guide = InformedContender(GUIDE_EPOCHS)
                chosen = guide.choose(env, rows, legal) if values is None else best_legal(values(seen), legal)
                chance = part.explored * rng.random(links)
                chosen = explore(chosen, legal, chance, self._config.exploration.hold, rng)
                acts = (rng.random(links) < willing) & ~(lets_drift & (chosen == REALIGN))
                chosen = np.where(acts, chosen, 0)
            observation, reward, *_ = env.step(first_routes(env, chosen))
            rewards.append(float(reward.mean()))
        return Rehearsed(ahead.lessons(), links, float(np.mean(rewards)))
