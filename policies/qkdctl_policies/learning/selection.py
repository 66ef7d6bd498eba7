"""Which state of the learner is the best: exported files on fixed networks that are never learned from."""

from collections.abc import Sequence

import numpy as np

from qkdctl_policies.learning.jury import Scores
from qkdctl_policies.learning.shares import Share, Shares


class Selection:
    """Scores of contenders on the fixed networks: what the learner is taught, mean over scenarios, equally many each.

    Args:
        shares: which play them.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def score(self, data: bytes) -> float:
        """Reward per epoch of a policy file, key as a share of the ideal included."""
        return _mean([part for part in self._shares.all(Share.scores_of, data) if part is not None])

    def references(self) -> dict[str, float]:
        """Scores of holding, of the rules and of the constructed policy."""
        parts = [part for part in self._shares.all(Share.scores_of_references) if part is not None]
        return {name: _mean([part[name] for part in parts]) for name in parts[0]}


def _mean(parts: Sequence[Scores]) -> float:
    """Over all networks, in the order that they have without shares, so that not even rounding tells of them."""
    scores = np.zeros(sum(part.size for part in parts))
    for number, part in enumerate(parts):
        scores[number :: len(parts)] = part
    return float(scores.mean())
