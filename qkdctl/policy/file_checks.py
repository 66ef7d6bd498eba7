"""What a file may contain, judged on the parsed protobuf alone: nothing is loaded or run."""

from collections.abc import Iterator
from itertools import islice
from math import prod

import numpy as np
import onnx
from google.protobuf.message import Message
from numpy.typing import NDArray

from qkdctl.policy import format as fmt
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.schema import FEATURES, GRID


def check_versions(model: onnx.ModelProto) -> None:
    """IR version and operator set must be those of the format; the default domain only."""
    if model.ir_version != fmt.IR_VERSION:
        raise PolicyRejected("ir-version", f"IR version {model.ir_version}, expected {fmt.IR_VERSION}")
    imports = [(entry.domain, entry.version) for entry in model.opset_import]
    if imports != [("", fmt.OPSET)]:
        raise PolicyRejected("opset", f"operator sets {imports}, expected only the default domain at {fmt.OPSET}")


def check_content(model: onnx.ModelProto) -> None:
    """No data outside the file, no functions, no subgraphs, only known operators, and not too much of anything."""
    if model.functions or model.training_info:
        raise PolicyRejected("functions", "functions or training graphs inside the file are not allowed")
    if len(model.graph.node) > fmt.MAX_NODES:
        raise PolicyRejected("too-many-nodes", f"{len(model.graph.node)} nodes, at most {fmt.MAX_NODES}")
    for message in islice(_nested(model), fmt.MAX_PARTS):
        if isinstance(message, onnx.TensorProto) and (message.external_data or message.data_location):
            raise PolicyRejected("external-data", f"tensor {message.name!r} refers to data outside the file")
    if next(islice(_nested(model), fmt.MAX_PARTS, None), None) is not None:
        raise PolicyRejected("too-many-parts", f"more than {fmt.MAX_PARTS} messages inside the file")
    for node in model.graph.node:
        if any(isinstance(message, onnx.GraphProto) for message in _nested(node)):
            raise PolicyRejected("subgraph", f"node {node.name!r} ({node.op_type}) holds a subgraph")
        if node.domain or node.op_type not in fmt.OPERATORS:
            allowed = ", ".join(sorted(fmt.OPERATORS))
            raise PolicyRejected("operator", f"{node.domain or 'ai.onnx'}.{node.op_type} is none of {allowed}")


def check_weights(model: onnx.ModelProto) -> dict[str, NDArray[np.int64]]:
    """All weights as integers of 1/4096, by tensor name.

    Raises:
        PolicyRejected: `too-many-weights`, `weight-type`, `not-finite` or `off-grid`.
    """
    if model.graph.sparse_initializer:
        raise PolicyRejected("weight-type", "sparse weights are not allowed")
    # before any product of them is taken: a million axes would make a number of as many digits
    axes = max((len(tensor.dims) for tensor in model.graph.initializer), default=0)
    if axes > 2:
        raise PolicyRejected("weight-type", f"weights of {axes} axes, expected matrices of 2 and vectors of 1")
    shapes = [tuple(int(side) for side in tensor.dims) for tensor in model.graph.initializer]
    weights = sum(prod(shape) for shape in shapes)
    if any(not 1 <= side <= fmt.MAX_WEIGHTS for shape in shapes for side in shape) or weights > fmt.MAX_WEIGHTS:
        text = f"{weights} weights in tensors of shape {shapes[:6]}, at most {fmt.MAX_WEIGHTS} and no empty tensor"
        raise PolicyRejected("too-many-weights", text)
    return {tensor.name: _on_grid(tensor, shape) for tensor, shape in zip(model.graph.initializer, shapes, strict=True)}


def check_interface(model: onnx.ModelProto) -> None:
    """Names, types and axes of input and output."""
    expected = [(fmt.INPUT, len(FEATURES)), (fmt.OUTPUT, len(ACTIONS))]
    if len(model.graph.input) != 1 or len(model.graph.output) != 1:
        found = [value.name for value in (*model.graph.input, *model.graph.output)]
        raise PolicyRejected("interface", f"inputs and outputs are {found}, expected {fmt.INPUT} and {fmt.OUTPUT}")
    for value, (name, width) in zip((*model.graph.input, *model.graph.output), expected, strict=True):
        kind = value.type.tensor_type
        axes = [axis.dim_param or axis.dim_value for axis in kind.shape.dim]
        if (value.name, kind.elem_type, axes) != (name, onnx.TensorProto.DOUBLE, [fmt.BATCH_AXIS, width]):
            text = f"{value.name} has type {kind.elem_type} and axes {axes}, expected {name}, double and "
            raise PolicyRejected("interface", f"{text}[{fmt.BATCH_AXIS}, {width}]")


def check_metadata(model: onnx.ModelProto) -> dict[str, str]:
    """Metadata must equal this build's tables; what remains are the claims.

    Raises:
        PolicyRejected: `metadata`, naming the first key that differs.
    """
    entries = {entry.key: entry.value for entry in model.metadata_props}
    if len(entries) != len(model.metadata_props):
        raise PolicyRejected("metadata", "a key occurs twice")
    for key, expected in fmt.schema_metadata().items():
        found = entries.pop(key, None)
        if found != expected:
            raise PolicyRejected("metadata", f"{key} differs from this build: {_difference(found, expected)}")
    for key, value in entries.items():
        if key not in (*fmt.CLAIMS, "value_bound") or len(value) > fmt.MAX_CLAIM:
            raise PolicyRejected("metadata", f"claim {key[:60]!r} is unknown or longer than {fmt.MAX_CLAIM} characters")
    return entries


def _nested(message: Message) -> Iterator[Message]:
    """The message and every message inside it, at any depth."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in (value,) if isinstance(value, Message) else value:
            yield from _nested(part)


def _on_grid(tensor: onnx.TensorProto, shape: tuple[int, ...]) -> NDArray[np.int64]:
    if tensor.data_type != onnx.TensorProto.DOUBLE or len(tensor.raw_data) != 8 * prod(shape):
        raise PolicyRejected("weight-type", f"{tensor.name} must be a matrix of {prod(shape)} doubles as raw data")
    values = np.frombuffer(tensor.raw_data, dtype="<f8").reshape(shape)
    if not np.isfinite(values).all():
        raise PolicyRejected("not-finite", f"{tensor.name} has weights that are not finite")
    if (np.abs(values) >= 2.0**53 / GRID).any() or (values * GRID != np.rint(values * GRID)).any():
        raise PolicyRejected("off-grid", f"{tensor.name} has weights that are no multiple of 1/{GRID} (or too large)")
    return np.asarray(values * GRID, dtype=np.int64)


def _difference(found: str | None, expected: str) -> str:
    if found is None:
        return "it is missing"
    place = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), -1)
    place = min(len(found), len(expected)) if place < 0 else place
    return f"from character {place}: {found[place : place + 30]!r} where {expected[place : place + 30]!r} is expected"
