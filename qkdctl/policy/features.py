"""From the network state to the numbers a policy sees."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.schema import FEATURES, GRID
from qkdctl.policy.view import views
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState

GridRows: TypeAlias = tuple[tuple[int, ...], ...]


def observe(state: NetworkState, table: LinkTable) -> GridRows:
    """The observation in units of 1/4096: one row per link in the order of the state, one column per feature.

    Raises:
        KeyError: when the state has a link that the table lacks.
    """
    return tuple(tuple(feature.on_grid(view) for feature in FEATURES) for view in views(state, table))


def as_input(rows: GridRows) -> NDArray[np.float64]:
    """The input tensor [links, features] of a policy file; exact, because the grid fits in a double many times over."""
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES)) / GRID
