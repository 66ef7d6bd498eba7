"""From the learned network to a policy file: integers on the grid, one layer less, proven exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.builder import build
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.layers import Layer, value_bound
from qkdctl.policy.schema import FEATURES, GRID
from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.learning.q_network import QNetwork

FINEST_BITS: Final = 6
"""Layers are blown up by at most this power of two each, so that less is lost in rounding."""

TRUST: Final = ("trust_least", "trust_mean")
FULL_TRUST: Final = (1_000_000 >> 5) / GRID
"""What a policy sees of full trust: 1e6 ppm over 2^17, rounded down to the grid of 2^-12."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exported:
    """A policy file.

    Attributes:
        vetted: the file, checked.
        scale: values of the file per value of the learned network; a power of two, which changes no choice.
    """

    vetted: VettedPolicy
    scale: int


def export(network: QNetwork, claims: Mapping[str, str]) -> Exported:
    """Round the network to the grid, as finely as the proof of exactness allows, and build its file.

    Raises:
        PolicyRejected: `not-exact` for weights so large that even unscaled integers are not exact, `not-finite` for
            those that are no numbers.
    """
    plain = without_trust(folded(network))
    if not all(np.isfinite(part).all() for layer in plain for part in layer):
        raise PolicyRejected("not-finite", "the network has weights that are no finite numbers")
    for bits in range(FINEST_BITS, -1, -1):
        layers = _rounded(plain, bits)
        try:
            value_bound(layers)
        except PolicyRejected:
            if bits == 0:
                raise
            continue
        return Exported(vet(build(layers, claims)), 1 << (bits * len(layers)))
    raise AssertionError("the last scale either passes or raises")


def folded(network: QNetwork) -> list[tuple[Floats, Floats]]:
    """Weights (inputs, outputs) and biases of plain layers that compute the same: both heads become one.

    Value plus advantage less its mean is linear in the last hidden layer, so W = W_a - mean(W_a) + W_v, as for b.
    """
    layers = [_plain(layer) for layer in network.trunk]
    (value, value_bias), (advantage, advantage_bias) = _plain(network.value), _plain(network.advantage)
    weights = advantage - advantage.mean(axis=1, keepdims=True) + value
    return [*layers, (weights, advantage_bias - advantage_bias.mean() + value_bias)]


def without_trust(layers: list[tuple[Floats, Floats]]) -> list[tuple[Floats, Floats]]:
    """The same for full trust, and that whatever the trust is.

    Trust was always full where the network learned, so its weights on trust mean nothing: left in, they would dim every
    link of a node that is distrusted. What they add at full trust goes into the bias.
    """
    (weights, biases), *others = layers
    trust = [place for place, feature in enumerate(FEATURES) if feature.name in TRUST]
    kept = weights.copy()
    kept[trust] = 0.0
    return [(kept, biases + FULL_TRUST * weights[trust].sum(axis=0)), *others]


def _plain(layer: object) -> tuple[Floats, Floats]:
    weight, bias = (getattr(layer, name).detach().cpu().numpy().astype(np.float64) for name in ("weight", "bias"))
    return weight.T, bias


def _rounded(layers: list[tuple[Floats, Floats]], bits: int) -> tuple[Layer, ...]:
    """Each layer times 2^bits; biases grow with all factors before them, as ReLU lets positive factors through."""
    return tuple(
        Layer(
            np.rint(weights * GRID * 2.0**bits).astype(np.int64),
            np.rint(biases * GRID * 2.0 ** (bits * (1 + place))).astype(np.int64),
        )
        for place, (weights, biases) in enumerate(layers)
    )
