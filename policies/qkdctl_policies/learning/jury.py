"""The networks on which the best state of a learner is chosen; they are never learned from."""

from typing import Final

import numpy as np

from qkdctl.policy.vetting import vet
from qkdctl_policies.constructed import constructed_policy
from qkdctl_policies.learning.batches import selection_batch
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.contenders import FileContender, HoldContender, RuleContender
from qkdctl_policies.learning.ideal import LEAST_BPS, ideal
from qkdctl_policies.learning.play import Contender, of_networks, play

POWERS_E6: Final = (450_000,)


class Jury:
    """Scores contenders: what the learner is taught, mean over the scenarios, equally many networks each.

    Args:
        config: of the training.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._env, self._seeds = selection_batch(config)
        self._weight = config.reward.key
        networks = self._env.world.stack.networks
        self._ideal_bps = np.maximum(
            ideal(networks, self._seeds, self._env.settings, POWERS_E6).link_key_bps, LEAST_BPS
        )

    def score(self, data: bytes) -> float:
        """Reward per epoch of a policy file, key as a share of the ideal included."""
        return self._of(FileContender(vet(data)))

    def references(self) -> dict[str, float]:
        """The same of holding, of the rules and of the constructed policy."""
        others: dict[str, Contender] = {
            "constructed": FileContender(vet(constructed_policy())),
            "rule-based": RuleContender(),
            "hold": HoldContender(),
        }
        return {name: self._of(contender) for name, contender in others.items()}

    def _of(self, contender: Contender) -> float:
        played = play(self._env, self._seeds, contender)
        share = of_networks(self._env, played.link_key_bps / self._ideal_bps)
        return float((self._weight * share + played.reward).mean())
