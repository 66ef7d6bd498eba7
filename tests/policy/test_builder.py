"""Policy files are a function of weights and claims."""

import json

import numpy as np
import onnx
import pytest

from qkdctl.policy import format as fmt
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.builder import build
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.layers import Layer, value_bound
from qkdctl.policy.schema import FEATURES, GRID
from tests.policy.networks import random_network


def test_same_weights_and_claims_same_bytes_whatever_their_order() -> None:
    one = build(random_network(1, 8), {"name": "a", "origin": "constructed"})
    assert one == build(random_network(1, 8), {"origin": "constructed", "name": "a"})
    assert one != build(random_network(2, 8), {"name": "a", "origin": "constructed"})
    assert one != build(random_network(1, 8), {"name": "b", "origin": "constructed"})


def test_file_is_sound_onnx_of_the_stated_versions() -> None:
    model = onnx.ModelProto.FromString(build(random_network(1, 8, 8), {}))
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (fmt.IR_VERSION, fmt.OPSET)
    assert {node.op_type for node in model.graph.node} == fmt.OPERATORS


def test_metadata_hold_the_tables() -> None:
    model = onnx.ModelProto.FromString(build(random_network(1, 8), {"seed": "7"}))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert [row[0] for row in json.loads(metadata["features"])] == [feature.name for feature in FEATURES]
    assert json.loads(metadata["actions"]) == [action.name for action in ACTIONS]
    assert metadata["seed"] == "7"
    assert int(metadata["value_bound"]) == value_bound(random_network(1, 8))


def test_layers_must_fit_each_other_and_the_tables() -> None:
    first, last = random_network(1, 8)
    other = random_network(1, 9)[1]
    with pytest.raises(ValueError, match="layer 1 takes 9 inputs, expected 8"):
        build([first, other], {})
    with pytest.raises(ValueError, match="gives 8 values"):
        build([first], {})
    with pytest.raises(ValueError, match="expected one per action"):
        build([], {})
    with pytest.raises(ValueError, match=r"layer 0 takes 8 inputs"):
        build([last], {})


def test_unknown_claims_are_refused() -> None:
    with pytest.raises(ValueError, match="'colour'"):
        build(random_network(1, 8), {"colour": "blue"})


def test_layer_of_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="make no layer"):
        Layer(np.zeros((3, 2), dtype=np.int64), np.zeros(3, dtype=np.int64))


def test_bound_is_reached_by_the_worst_input() -> None:
    weights = np.zeros((len(FEATURES), len(ACTIONS)), dtype=np.int64)
    weights[:, 0] = [3, -5] * (len(FEATURES) // 2) + [7] * (len(FEATURES) % 2)
    layers = [Layer(weights, np.full(len(ACTIONS), 11, dtype=np.int64))]
    assert value_bound(layers) == 8 * int(np.abs(weights[:, 0]).sum()) + 11


def test_network_that_doubles_cannot_compute_exactly_is_refused() -> None:
    weights = np.zeros((len(FEATURES), len(ACTIONS)), dtype=np.int64)
    biases = np.zeros(len(ACTIONS), dtype=np.int64)
    weights[0, 0] = 2**53 // (8 * GRID)
    assert value_bound([Layer(weights, biases)]) == 2**53 // GRID
    biases[0] = 1
    with pytest.raises(PolicyRejected, match="layer 0 can reach"):
        value_bound([Layer(weights, biases)])
