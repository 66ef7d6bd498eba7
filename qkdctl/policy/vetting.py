"""Whether bytes are a policy this build can trust to run; nothing is executed to find out."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from qkdctl.policy import file_checks
from qkdctl.policy import format as fmt
from qkdctl.policy.builder import model_of, weight_names
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.layers import Layer, value_bound


@dataclass(frozen=True, eq=False)
class VettedPolicy:
    """A policy file that passed.

    Attributes:
        data: the bytes that were vetted; run these, never the file again.
        sha256: their digest, hexadecimal; the identity of the policy.
        layers: the network they hold.
        value_bound: largest absolute value the network can give, in 1/4096, proven from the weights.
        claims: metadata that nobody has checked.
    """

    data: bytes
    sha256: str
    layers: tuple[Layer, ...]
    value_bound: int
    claims: dict[str, str]


def vet(data: bytes, expected_sha256: str | None = None) -> VettedPolicy:
    """Check a policy file, cheapest checks first.

    The last check rebuilds the file from the weights and claims that were read: whatever this build would not have
    written itself is refused, known to be harmful or not.

    Args:
        data: content of the file, read once.
        expected_sha256: digest from the manifest or configuration; None where the bytes come with the software.

    Raises:
        PolicyRejected: with the code of the first check that failed.
    """
    if len(data) > fmt.MAX_BYTES:
        raise PolicyRejected("too-large", f"{len(data)} bytes, at most {fmt.MAX_BYTES}")
    sha256 = hashlib.sha256(data).hexdigest()
    if expected_sha256 is not None and sha256 != expected_sha256.lower():
        raise PolicyRejected("digest", f"SHA-256 is {sha256}, expected {expected_sha256}")
    model = _parsed(data)
    file_checks.check_versions(model)
    file_checks.check_content(model)
    weights = file_checks.check_weights(model)
    file_checks.check_interface(model)
    claims = file_checks.check_metadata(model)
    claimed_bound = claims.pop("value_bound", "")
    layers = _layers(weights)
    bound = value_bound(layers)
    if claimed_bound != str(bound):
        raise PolicyRejected("metadata", f"value_bound is {claimed_bound[:30]!r}, the weights prove {bound}")
    _check_canonical(model, layers, claims)
    return VettedPolicy(data=data, sha256=sha256, layers=layers, value_bound=bound, claims=claims)


def _parsed(data: bytes) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise PolicyRejected("not-protobuf", f"the bytes are no ONNX model ({error}); is the file complete?") from error
    return model


def _layers(weights: dict[str, NDArray[np.int64]]) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    while weight_names(len(layers))[0] in weights:
        names = weight_names(len(layers))
        try:
            layers.append(Layer(weights[names[0]], weights[names[1]]))
        except (KeyError, ValueError) as error:
            raise PolicyRejected("structure", f"layer {len(layers)}: {error}") from error
    widths = [layer.weights.shape for layer in layers]
    if not layers or any(before[1] != after[0] for before, after in pairwise(widths)):
        raise PolicyRejected("structure", f"layers of shape {widths} make no network")
    return tuple(layers)


def _check_canonical(model: onnx.ModelProto, layers: tuple[Layer, ...], claims: dict[str, str]) -> None:
    try:
        rebuilt = model_of(layers, claims)
    except ValueError as error:
        raise PolicyRejected("structure", str(error)) from error
    if rebuilt.SerializeToString(deterministic=True) != model.SerializeToString(deterministic=True):
        text = "the file is not what its weights and claims build; make it with the policy builder of this version"
        raise PolicyRejected("structure", text)
