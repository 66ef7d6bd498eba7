"""Files that somebody means harm with, each with the code that it must be refused with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from qkdctl.policy import format as fmt
from qkdctl.policy.builder import build
from tests.policy.networks import random_network

GOOD = build(random_network(5, 6), {"name": "good"})
Change = Callable[[onnx.ModelProto], None]


def changed(change: Change) -> bytes:
    """The good file with one thing otherwise."""
    model = onnx.ModelProto.FromString(GOOD)
    change(model)
    return bytes(model.SerializeToString())


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes, as it stands in a file."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """An integer as protobuf writes it."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def external(location: str) -> Change:
    """Weights that lie in another file."""

    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location

    return change


def weight(value: float) -> Change:
    """One weight of another value."""

    def change(model: onnx.ModelProto) -> None:
        values = numpy_helper.to_array(model.graph.initializer[0]).copy()
        values[0, 0] = value
        model.graph.initializer[0].raw_data = values.tobytes()

    return change


def endless_loop(model: onnx.ModelProto) -> None:
    """A loop without a bound on its count, whose condition stays true."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(1, dtype=bool), "true"))
    model.graph.node.append(helper.make_node("Loop", ["", "true"], [], body=body))


def swapped_features(model: onnx.ModelProto) -> None:
    """The same features in another order: each number would be taken for something else."""
    entry = next(entry for entry in model.metadata_props if entry.key == "features")
    first, second, rest = entry.value.removeprefix("[[").split("],[", 2)
    entry.value = f"[[{second}],[{first}],[{rest}"


def fixed_axis(model: onnx.ModelProto) -> None:
    """It would run for one link only."""
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def turned_axes(model: onnx.ModelProto) -> None:
    """Features first."""
    axes = model.graph.input[0].type.tensor_type.shape.dim
    first, second = axes[0].dim_param, axes[1].dim_value
    axes[0].dim_value, axes[1].dim_param = second, first


def nodes(count: int) -> Change:
    """Operators that do nothing."""
    return lambda model: model.graph.node.extend(
        onnx.NodeProto(op_type="Relu", input=["a"], output=["b"]) for _ in range(count)
    )


def grown(model: onnx.ModelProto) -> None:
    """Sixteen bytes that ask for half a terabyte."""
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**18, 2**18]), "side"))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["side"], ["much"]))


def billions_of_weights(model: onnx.ModelProto) -> None:
    """A shape that says so; there are no bytes to it."""
    model.graph.initializer[0].dims[:] = [2**40, 2**40]


def long_name(model: onnx.ModelProto) -> None:
    """A name of a megabyte, to be told to everybody with the reason."""
    external("elsewhere")(model)
    model.graph.initializer[0].name = "\x01" * 1_000_000


def many_axes(model: onnx.ModelProto) -> None:
    """The product of all sides has 400 000 digits."""
    model.graph.initializer[0].dims[:] = [127] * 200_000


def nested(depth: int) -> bytes:
    """Graphs within attributes within nodes within graphs."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(5, field(6, graph)))
    return field(7, graph)


def largest() -> bytes:
    """No harm meant: as many weights as a file may have."""
    return build(random_network(1, 600, 600, largest=40), {"name": "large"})


def flipped(data: bytes, bit: int) -> bytes:
    """One bit otherwise."""
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def corpus(folder: Path) -> dict[str, tuple[bytes, str]]:
    """All of it; what files outside would be read are made in a folder."""
    weights = folder / "weights.bin"
    weights.write_bytes(b"\0" * 4096)
    link = folder / "link.bin"
    link.symlink_to(weights)
    return {
        "external data, absolute": (changed(external(str(weights))), "external-data"),
        "external data, linked": (changed(external(str(link))), "external-data"),
        "external data, relative": (changed(external("weights.bin")), "external-data"),
        "external data, upwards": (changed(external("../../../../../../etc/passwd")), "external-data"),
        "external data, from the root": (changed(external("etc/passwd")), "external-data"),
        "endless loop": (changed(endless_loop), "subgraph"),
        "100 000 nodes": (changed(nodes(100_000)), "too-many-nodes"),
        "growth": (changed(grown), "operator"),
        "billions of weights": (changed(billions_of_weights), "too-many-weights"),
        "empty": (b"", "ir-version"),
        "truncated": (GOOD[: len(GOOD) // 2], "not-protobuf"),
        "no number": (changed(weight(float("nan"))), "not-finite"),
        "infinite": (changed(weight(float("inf"))), "not-finite"),
        "off the grid": (changed(weight(0.1)), "off-grid"),
        "swapped features": (changed(swapped_features), "metadata"),
        "fixed axis": (changed(fixed_axis), "interface"),
        "turned axes": (changed(turned_axes), "interface"),
        "too large": (GOOD + b"\0" * fmt.MAX_BYTES, "too-large"),
    }


def bombs() -> dict[str, tuple[bytes, str]]:
    """Small files that are large in memory, or deep: they may end the process that reads them."""
    room = fmt.MAX_BYTES - 1024
    head = onnx.ModelProto(ir_version=fmt.IR_VERSION, opset_import=[helper.make_opsetid("", fmt.OPSET)])
    start = head.SerializeToString()
    memory = "memory|not-protobuf"  # the parser does not tell that it got no memory from that it did not understand
    return {
        "two million nodes of nothing": (start + field(7, field(1, b"") * (room // 2)), memory),
        "two million tensors of nothing": (start + field(7, field(5, b"") * (room // 2)), memory),
        "100 000 tensors of nothing": (start + field(7, field(5, b"") * 100_000), "too-many-parts"),
        "100 000 claims": (start + field(14, b"") * 100_000, "too-many-parts"),
        "two million claims": (start + field(14, b"") * (room // 2), memory),
        "300 000 nodes of nothing": (start + field(7, field(1, b"") * 300_000), "too-many-nodes|" + memory),
        "deep nesting": (start + nested(5_000), "not-protobuf"),
        "not quite so deep": (start + nested(20), "subgraph"),
    }
