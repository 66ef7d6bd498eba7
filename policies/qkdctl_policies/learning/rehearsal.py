"""Episodes in which every action is weighed: who plays them, and what is taken down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.exploration import REALIGN, Values, best_legal, explore
from qkdctl_policies.learning.lessons import Lessons
from qkdctl_policies.learning.shares import Shares
from qkdctl_policies.learning.stage import Stage


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


def rehearse(
    config: TrainingConfig,
    shares: Shares,
    batch: int,
    visit: int,
    values: Values | None,
    rng: np.random.Generator,
    meanwhile: Callable[[], None] = lambda: None,
) -> Rehearsed:
    """Play one episode of every network of a batch, in weather that belongs to this visit.

    The policy plays, so that it is taught where it will be. Now and then chance takes a link's action instead, some
    links act only now and then, and some do not re-align: otherwise nobody would see, and learn to mend, what a good
    policy does not let happen. All chance is drawn here, whoever has the networks.

    Args:
        config: of the training.
        shares: which have the networks.
        batch: of networks.
        visit: to them.
        values: of the policy as it is; None as long as it knows nothing, then the guide plays.
        rng: source of chance.
        meanwhile: called after every epoch.

    Raises:
        TrainingError: when a process that plays networks has died, or failed.
    """
    part = config.foresight
    scenes = shares.all(Stage.begin, batch, visit, guided=values is None)
    counts = [len(scene.legal) for scene in scenes]
    links, ends = sum(counts), np.cumsum(counts)[:-1]
    willing = np.where(rng.random(links) < part.idle, rng.random(links) ** 2, 1.0)
    lets_drift = rng.random(links) < part.drifting
    rewards = []
    for epoch in range(config.environment.epochs):
        chosen = np.zeros(links, dtype=np.int64)
        if epoch:
            legal = np.concatenate([scene.legal for scene in scenes])
            if values is None:
                chosen = np.concatenate([scene.guided for scene in scenes])
            else:
                chosen = best_legal(values(np.concatenate([scene.seen for scene in scenes])), legal)
            chance = part.explored * rng.random(links)
            chosen = explore(chosen, legal, chance, config.exploration.hold, rng)
            acts = (rng.random(links) < willing) & ~(lets_drift & (chosen == REALIGN))
            chosen = np.where(acts, chosen, 0)
        scenes = shares.each(Stage.step, np.split(chosen, ends))
        rewards.append(float(np.concatenate([scene.reward for scene in scenes]).mean()))
        meanwhile()
    return Rehearsed(_merged(shares.all(Stage.lessons), counts), links, float(np.mean(rewards)))


def _merged(parts: Sequence[Lessons], counts: Sequence[int]) -> Lessons:
    """Lessons of all links, epoch by epoch, from those of the links of each share."""
    tables = {}
    for field in fields(Lessons):
        own = [getattr(part, field.name) for part in parts]
        by_epoch = [table.reshape(-1, count, table.shape[1]) for table, count in zip(own, counts, strict=True)]
        tables[field.name] = np.concatenate(by_epoch, axis=1).reshape(-1, own[0].shape[1])
    return Lessons(**tables)
