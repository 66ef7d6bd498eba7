"""Layers from named units: a network one can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qkdctl.policy.layers import Layer
from qkdctl.policy.schema import GRID


@dataclass(frozen=True)
class Unit:
    """One unit, the weighted sum of named inputs plus a bias; all numbers end up on the grid of 1/4096.

    Attributes:
        name: how the next layer refers to it.
        weights: by name of the input; all others are 0.
        bias: constant term.
    """

    name: str
    weights: Mapping[str, float] = field(default_factory=dict)
    bias: float = 0.0


def layer(inputs: Sequence[str], units: Sequence[Unit]) -> Layer:
    """The layer of these units.

    Raises:
        ValueError: when a unit names an input that does not exist, which a typing error would otherwise hide.
    """
    weights = np.zeros((len(inputs), len(units)), dtype=np.int64)
    for column, unit in enumerate(units):
        for name, weight in unit.weights.items():
            if name not in inputs:
                raise ValueError(f"unit {unit.name} takes {name!r}, which is none of {', '.join(inputs)}")
            weights[inputs.index(name), column] = round(weight * GRID)
    return Layer(weights, np.array([round(unit.bias * GRID) for unit in units], dtype=np.int64))
