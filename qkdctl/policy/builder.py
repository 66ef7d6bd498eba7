"""From weights on the grid to the bytes of a policy file; the same weights and claims give the same bytes."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from qkdctl.policy import format as fmt
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.layers import Layer, value_bound
from qkdctl.policy.schema import FEATURES, GRID


def build(layers: Sequence[Layer], claims: Mapping[str, str]) -> bytes:
    """The policy file of a network.

    Args:
        layers: from features to actions, each the input of the next; ReLU stands between them.
        claims: metadata that is not derived from the build's tables, see `format.CLAIMS`.

    Raises:
        ValueError: when layers do not fit each other or the tables, or a claim has an unknown key.
        PolicyRejected: `not-exact` when doubles could not compute the network exactly.
    """
    return bytes(model_of(layers, claims).SerializeToString(deterministic=True))


def model_of(layers: Sequence[Layer], claims: Mapping[str, str]) -> onnx.ModelProto:
    """The file of `build` as a protobuf message; raises the same."""
    _check_widths(layers)
    unknown = sorted(set(claims) - set(fmt.CLAIMS))
    if unknown:
        raise ValueError(f"claims {unknown} are unknown; known are {sorted(fmt.CLAIMS)}")
    graph = helper.make_graph(
        nodes=[node for index in range(len(layers)) for node in _layer_nodes(index, len(layers))],
        name=fmt.GRAPH,
        inputs=[_tensor(fmt.INPUT, len(FEATURES))],
        outputs=[_tensor(fmt.OUTPUT, len(ACTIONS))],
        initializer=[
            *(tensor for index, layer in enumerate(layers) for tensor in _layer_weights(index, layer)),
            numpy_helper.from_array(np.array(float(GRID)), "grid"),
            numpy_helper.from_array(np.array(1.0 / GRID), "grid_step"),
        ],
    )
    model = helper.make_model(
        graph,
        producer_name=fmt.PRODUCER,
        ir_version=fmt.IR_VERSION,
        opset_imports=[helper.make_opsetid("", fmt.OPSET)],
    )
    metadata = fmt.schema_metadata() | {"value_bound": str(value_bound(layers))} | dict(claims)
    helper.set_model_props(model, dict(sorted(metadata.items())))
    return model


def weight_names(index: int) -> tuple[str, str]:
    """Names of the weight and bias tensors of a layer."""
    return f"weights_{index}", f"biases_{index}"


def _check_widths(layers: Sequence[Layer]) -> None:
    widths = [len(FEATURES), *(layer.weights.shape[1] for layer in layers)]
    for index, layer in enumerate(layers):
        if layer.weights.shape[0] != widths[index]:
            raise ValueError(f"layer {index} takes {layer.weights.shape[0]} inputs, expected {widths[index]}")
    if not layers or widths[-1] != len(ACTIONS):
        raise ValueError(f"the last layer gives {widths[-1]} values, expected one per action, {len(ACTIONS)}")


def _layer_nodes(index: int, layers: int) -> list[onnx.NodeProto]:
    last = index == layers - 1
    weights, biases = weight_names(index)
    operands = (weights, biases, "grid", None, "grid_step", *(() if last else (None,)))
    operators = fmt.LAYER_OPERATORS if last else (*fmt.LAYER_OPERATORS, "Relu")
    value = fmt.INPUT if index == 0 else f"layer_{index - 1}"
    nodes = []
    for place, (operator, operand) in enumerate(zip(operators, operands, strict=True)):
        done = place == len(operators) - 1
        result = (fmt.OUTPUT if last else f"layer_{index}") if done else f"layer_{index}_{place}"
        inputs = [value] if operand is None else [value, operand]
        nodes.append(helper.make_node(operator, inputs, [result], name=f"{operator}_{index}_{place}"))
        value = result
    return nodes


def _layer_weights(index: int, layer: Layer) -> list[onnx.TensorProto]:
    weights, biases = weight_names(index)
    return [
        numpy_helper.from_array(_as_double(layer.weights), weights),
        numpy_helper.from_array(_as_double(layer.biases), biases),
    ]


def _as_double(values: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(values.astype(np.float64) / GRID)


def _tensor(name: str, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, [fmt.BATCH_AXIS, width])
