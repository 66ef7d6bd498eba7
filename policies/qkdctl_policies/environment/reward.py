"""What an epoch was worth: key delivered and made, less what it cost and endangered.

Hard limits are the shield's and never only a cost here. Everything is a fraction of what could be, so that one set of
weights serves networks of any size.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.network import Stack
from hil_sim.network.world import Epoch
from qkdctl_policies.environment.link_views import LinkViews
from qkdctl_policies.environment.rules import Decided

Floats = NDArray[np.float64]

_KEY_SCALE = 32.0
"""Logarithm to base 2 of a rate in bit/s that counts as 1: 4 Gbit/s."""


@dataclass(frozen=True, slots=True)
class RewardWeights:
    """Weights of the parts of the reward, all 0 or more.

    Attributes:
        service: key delivered to demands, on a logarithmic scale; 1 where each got what it asks for on average.
        key: key made by the links, on a logarithmic scale.
        qber: error rate above the limit of the protocol, as a share of the limit, worse basis.
        shortfall: what the buffers lack to be READY, as a share.
        switch: links that changed their protocol.
        move: links whose mean photon number moved.
        intervention: links for which the shield, or legality, changed the action.
    """

    service: float = 1.0
    key: float = 1.0
    qber: float = 1.0
    shortfall: float = 0.5
    switch: float = 0.2
    move: float = 0.02
    intervention: float = 0.1

    def __post_init__(self) -> None:
        """Refuse weights that would turn a cost into a gain.

        Raises:
            ValueError: naming the weight.
        """
        for field in fields(self):
            if not 0 <= getattr(self, field.name) < np.inf:
                raise ValueError(f"{field.name} must be 0 or more, got {getattr(self, field.name)!r}")


def link_rewards(
    weights: RewardWeights,
    epoch: Epoch,
    views: LinkViews,
    buffer_bits: NDArray[np.int64],
    stack: Stack,
    decided: Decided,
) -> Floats:
    """The share that each link has in the reward, shape (links,): all parts but the service of demands."""
    rate_bps = epoch.key.proven_bits * 1000 / views.epoch_ms
    state, limit = views.state, np.maximum(views.qber_limit_ppm, 1)
    worst = np.maximum(state.qber_z.level, state.qber_x.level)
    shortfall = np.maximum(1 - buffer_bits / np.maximum(stack.buffers.ready, 1), 0.0)
    return np.asarray(
        weights.key * np.log2(1 + rate_bps) / _KEY_SCALE
        - weights.qber * np.maximum(worst / limit - 1, 0.0)
        - weights.shortfall * shortfall
        - weights.switch * epoch.changes.switched
        - weights.move * epoch.changes.moved
        - weights.intervention * decided.intervened
    )


def service(epoch: Epoch, stack: Stack, epoch_s: float) -> Floats:
    """Service of each demand, shape (demands,): 0 for nothing, 1 for the mean of what it asks."""
    demands = stack.demands
    mean = demands.rate_bps * epoch_s / demands.request_bits
    return np.asarray(np.log1p(epoch.served.delivered / demands.request_bits) / np.log1p(mean))


def network_rewards(weights: RewardWeights, of_links: Floats, served: Floats, stack: Stack) -> Floats:
    """Reward of each network, shape (networks,): mean over its links plus mean over its demands."""
    networks = len(stack.networks)

    def mean(values: Floats, owner: NDArray[np.int64]) -> Floats:
        count = np.bincount(owner, minlength=networks)
        return np.asarray(np.bincount(owner, weights=values, minlength=networks) / np.maximum(count, 1))

    return mean(of_links, stack.network_of_link) + weights.service * mean(served, stack.network_of_demand)
