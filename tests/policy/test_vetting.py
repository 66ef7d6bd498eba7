"""Files that must not be taken, each for the right reason."""

import struct
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from qkdctl.policy import format as fmt
from qkdctl.policy.builder import build
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.layers import value_bound
from qkdctl.policy.vetting import vet
from tests.policy.networks import random_network

LAYERS = random_network(5, 6)
GOOD = build(LAYERS, {"name": "good", "origin": "constructed"})

Change = Callable[[onnx.ModelProto], None]


def changed(change: Change) -> bytes:
    model = onnx.ModelProto.FromString(GOOD)
    change(model)
    return bytes(model.SerializeToString())


def code_of(data: bytes, sha256: str | None = None) -> str:
    with pytest.raises(PolicyRejected) as rejection:
        vet(data, sha256)
    assert len(str(rejection.value)) > len(rejection.value.code) + 10
    return rejection.value.code


def test_good_file_passes_and_gives_its_network_back() -> None:
    vetted = vet(GOOD)
    assert vetted.data == GOOD
    assert vetted.claims == {"name": "good", "origin": "constructed"}
    assert vetted.value_bound == value_bound(LAYERS)
    for read, written in zip(vetted.layers, LAYERS, strict=True):
        assert (read.weights == written.weights).all()
        assert (read.biases == written.biases).all()
    assert vet(GOOD, vetted.sha256.upper()).sha256 == vetted.sha256


def set_weight(value: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        values = numpy_helper.to_array(model.graph.initializer[0]).copy()
        values[0, 0] = value
        model.graph.initializer[0].raw_data = values.tobytes()

    return change


def external_data(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    for key, value in (("location", "/etc/passwd"), ("length", "8")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def external_entry_without_location_flag(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].external_data.add().key = "location"


def external_data_inside_an_attribute(model: onnx.ModelProto) -> None:
    tensor = TensorProto(data_type=TensorProto.DOUBLE, data_location=TensorProto.EXTERNAL)
    model.graph.node[0].attribute.append(helper.make_attribute("value", tensor))


def subgraph(operator: str, attribute: str) -> Change:
    def change(model: onnx.ModelProto) -> None:
        body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [], [])
        model.graph.node.append(helper.make_node(operator, ["grid"], ["x"], name="evil", **{attribute: body}))

    return change


def operator(name: str, domain: str = "") -> Change:
    return lambda model: model.graph.node.append(helper.make_node(name, ["grid"], ["x"], domain=domain))


def many_nodes(model: onnx.ModelProto) -> None:
    model.graph.node.extend(helper.make_node("Relu", ["grid"], [f"x{i}"]) for i in range(fmt.MAX_NODES))


def huge_tensor(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**40, 2**40]


def empty_tensor_of_endless_shape(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [0, 2**62]
    model.graph.initializer[0].raw_data = b""


def many_dimensions(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims.extend([1] * 80)


def negative_dimension(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-1, -282]


def float_weights(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    values = numpy_helper.to_array(tensor).astype(np.float32)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def weights_outside_raw_data(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[1]
    values = numpy_helper.to_array(tensor)
    tensor.ClearField("raw_data")
    tensor.double_data.extend(values.tolist())


def sparse_weights(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def metadata(key: str, value: Callable[[str], str]) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for entry in model.metadata_props:
            if entry.key == key:
                entry.value = value(entry.value)

    return change


def new_claim(key: str, value: str) -> Change:
    return lambda model: model.metadata_props.append(onnx.StringStringEntryProto(key=key, value=value))


def rename(which: str, name: str) -> Change:
    return lambda model: setattr(getattr(model.graph, which)[0], "name", name)


def set_axis(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def set_width(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value += 1


def float_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(model.graph.output[0])


def swap_nodes(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[1] = "biases_1"


def other_grid(model: onnx.ModelProto) -> None:
    tensor = next(entry for entry in model.graph.initializer if entry.name == "grid")
    tensor.raw_data = struct.pack("<d", 2048.0)


def extra_tensor(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(1.0), "spare"))


def missing_bias(model: onnx.ModelProto) -> None:
    model.graph.initializer[1].name = "elsewhere"


def note(model: onnx.ModelProto) -> None:
    model.doc_string = "a note"


REJECTIONS: list[tuple[str, Change]] = [
    ("ir-version", lambda model: setattr(model, "ir_version", fmt.IR_VERSION + 1)),
    ("opset", lambda model: setattr(model.opset_import[0], "version", fmt.OPSET + 1)),
    ("opset", lambda model: model.opset_import.append(helper.make_opsetid("com.example", 1))),
    ("opset", lambda model: model.opset_import.pop() and None),
    ("functions", lambda model: model.functions.append(onnx.FunctionProto(name="f"))),
    ("functions", lambda model: model.training_info.append(onnx.TrainingInfoProto())),
    ("external-data", external_data),
    ("external-data", external_entry_without_location_flag),
    ("external-data", external_data_inside_an_attribute),
    ("subgraph", subgraph("If", "then_branch")),
    ("subgraph", subgraph("Loop", "body")),
    ("subgraph", subgraph("Scan", "body")),
    ("subgraph", subgraph("Relu", "hidden")),
    ("operator", operator("ConstantOfShape")),
    ("operator", operator("Expand")),
    ("operator", operator("Relu", "com.example")),
    ("too-many-nodes", many_nodes),
    ("too-many-weights", huge_tensor),
    ("too-many-weights", negative_dimension),
    ("too-many-weights", empty_tensor_of_endless_shape),
    ("weight-type", float_weights),
    ("weight-type", many_dimensions),
    ("weight-type", weights_outside_raw_data),
    ("weight-type", sparse_weights),
    ("not-finite", set_weight(float("nan"))),
    ("not-finite", set_weight(float("inf"))),
    ("off-grid", set_weight(0.1)),
    ("off-grid", set_weight(2.0**60)),
    ("not-exact", set_weight(2.0**30)),
    ("interface", rename("input", "observation")),
    ("interface", rename("output", "q")),
    ("interface", set_axis),
    ("interface", set_width),
    ("interface", float_input),
    ("interface", second_output),
    ("metadata", metadata("features", lambda text: text.replace("power_step", "step_power"))),
    ("metadata", metadata("schema_version", lambda _: "2")),
    ("metadata", metadata("mean_photon_numbers_e6", lambda text: text.replace("50000", "50001"))),
    ("metadata", metadata("value_bound", lambda _: "1")),
    ("metadata", new_claim("name", "twice")),
    ("metadata", new_claim("unheard-of", "x")),
    ("metadata", new_claim("description", "x" * (fmt.MAX_CLAIM + 1))),
    ("metadata", lambda model: model.metadata_props.pop() and None),
    ("structure", swap_nodes),
    ("structure", other_grid),
    ("structure", extra_tensor),
    ("structure", missing_bias),
    ("structure", note),
    ("structure", lambda model: setattr(model.graph.node[0], "doc_string", "hidden")),
    ("structure", lambda model: setattr(model, "producer_version", "9")),
]


@pytest.mark.parametrize(("code", "change"), REJECTIONS)
def test_rejected_with_the_right_reason(code: str, change: Change) -> None:
    assert code_of(changed(change)) == code


def test_permuted_feature_names_are_rejected_and_the_place_is_told() -> None:
    def permute(text: str) -> str:
        return (
            text.replace('"loss_trend"', '"X"').replace('"loss_spread"', '"loss_trend"').replace('"X"', '"loss_spread"')
        )

    with pytest.raises(PolicyRejected, match=r"features differs .* is expected") as rejection:
        vet(changed(metadata("features", permute)))
    assert rejection.value.code == "metadata"


def test_too_large_is_rejected_before_anything_is_parsed() -> None:
    assert code_of(b"\xff" * (fmt.MAX_BYTES + 1)) == "too-large"


def test_other_digest_than_expected_is_rejected() -> None:
    assert code_of(GOOD, "0" * 64) == "digest"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xff" * 100, GOOD[:100], GOOD[:-1], GOOD[: len(GOOD) // 2]])
def test_incomplete_and_foreign_files_are_rejected(data: bytes) -> None:
    assert code_of(data) in {"not-protobuf", "ir-version", "opset", "structure", "metadata"}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 8 * len(GOOD) - 1))
def test_a_flipped_bit_never_passes_the_digest_and_never_gives_an_unproven_network(bit: int) -> None:
    data = bytearray(GOOD)
    data[bit // 8] ^= 1 << bit % 8
    assert code_of(bytes(data), vet(GOOD).sha256) == "digest"
    try:
        vetted = vet(bytes(data))
    except PolicyRejected:
        return
    assert vetted.value_bound == value_bound(vetted.layers)
    assert build(vetted.layers, vetted.claims) == bytes(data)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_rejected_without_another_error(data: bytes) -> None:
    code_of(data)
