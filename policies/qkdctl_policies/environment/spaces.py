"""What observations and actions of one network look like to Gymnasium."""

from typing import Any

import gymnasium as gym
import numpy as np

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES
from qkdctl_policies.environment.network_views import LINK_COLUMNS, PATH_COLUMNS


def spaces(links: int, demands: int, candidates: int, *, surroundings: bool) -> tuple[gym.spaces.Dict, gym.spaces.Dict]:
    """Spaces of observations and of actions.

    Args:
        links: rows of links, those of padding included.
        demands: rows of demands, likewise.
        candidates: routes of a demand, likewise.
        surroundings: whether observations tell what the policy format does not.
    """
    columns = len(FEATURES) + (len(LINK_COLUMNS) if surroundings else 0)
    seen: dict[str, gym.Space[Any]] = {
        "links": gym.spaces.Box(-8, 8, (links, columns), np.float64),
        "legal": gym.spaces.MultiBinary((links, len(ACTIONS))),
        "link_mask": gym.spaces.MultiBinary(links),
    }
    if surroundings:
        seen["routes"] = gym.spaces.Box(-8, 8, (demands, candidates, len(PATH_COLUMNS)), np.float64)
        seen["route_mask"] = gym.spaces.MultiBinary((demands, candidates))
    chosen: dict[str, gym.Space[Any]] = {
        "links": gym.spaces.MultiDiscrete(np.full(links, len(ACTIONS))),
        "routes": gym.spaces.MultiDiscrete(np.full(demands, candidates)),
    }
    return gym.spaces.Dict(seen), gym.spaces.Dict(chosen)
