"""Layers from named units."""

import pytest
from qkdctl_policies.wiring import Unit, layer

from qkdctl.policy.schema import GRID


def test_units_become_columns_on_the_grid() -> None:
    built = layer(["a", "b"], [Unit("u", {"b": 0.5}), Unit("v", {"a": -1.0}, bias=0.25)])
    assert built.weights.tolist() == [[0, -GRID], [GRID // 2, 0]]
    assert built.biases.tolist() == [0, GRID // 4]


def test_unknown_input_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unit u takes 'c', which is none of a, b"):
        layer(["a", "b"], [Unit("u", {"c": 1.0})])
