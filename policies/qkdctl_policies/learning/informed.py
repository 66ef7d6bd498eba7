"""Controllers that know the truth about every link: what a policy, which sees counts alone, is held against."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.learning.prospects import prospects

HORIZONS: Final = (1, 6, 20, 60)
"""Epochs to look ahead, of which the best in hindsight is taken as the most that is known to be possible."""


class InformedContender:
    """Knows channel, calibration, detectors and attackers as they are, and takes the action of most key.

    It weighs what each action makes of the next epochs, if the channel stays as it is, against the time without light
    and the part of a key block that it costs. It does not know what the channel will do.

    Args:
        horizon: epochs to look ahead; 1 is the greedy controller.
    """

    def __init__(self, horizon: int = 1) -> None:
        self._horizon = horizon

    def begin(self, env: NetworkEnv) -> None:
        """It has no memory."""

    def choose(self, env: NetworkEnv, rows: NDArray[np.floating[Any]], legal: NDArray[np.bool_]) -> NDArray[np.int64]:  # noqa: ARG002 - as the protocol
        """The legal action of most key; hold where none makes more."""
        if env.last is None:
            return np.zeros(len(legal), dtype=np.int64)
        worth = prospects(env, legal).worth_bits(self._horizon * env.settings.epoch_s)
        return np.asarray(worth.argmax(axis=1))
