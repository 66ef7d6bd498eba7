"""The policy file: one ONNX graph of fixed form, and the metadata that must equal this build's tables."""

import json
from collections.abc import Mapping
from typing import Final

from qkdctl.policy.actions import ACTIONS, PROTOCOLS
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6
from qkdctl.policy.schema import FEATURES, SCHEMA_VERSION

FORMAT: Final = "qkdctl-policy/1"
IR_VERSION: Final = 8
OPSET: Final = 17
PRODUCER: Final = "qkdctl"
GRAPH: Final = "policy"

INPUT: Final = "link_observation"
OUTPUT: Final = "link_q"
BATCH_AXIS: Final = "links"

LAYER_OPERATORS: Final = ("MatMul", "Add", "Mul", "Round", "Mul")
"""x W, + b, * 4096, round to even, * 2^-12; all layers but the last end with Relu."""
OPERATORS: Final = frozenset({*LAYER_OPERATORS, "Relu"})

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_NODES: Final = 200
MAX_PARTS: Final = 10_000
MAX_WEIGHTS: Final = 400_000
MAX_CLAIM: Final = 4_096

CLAIMS: Final[Mapping[str, str]] = {
    "name": "short name of the policy",
    "origin": "constructed or trained",
    "description": "what it does, in a sentence",
    "gamma": "discount factor of the training",
    "training_hash": "SHA-256 of configuration and code of the training",
    "environment_hash": "SHA-256 of the environment it was made for",
    "seed": "seed of the training",
    "episodes": "episodes of the training",
    "scores": "scores with intervals, and those of the baselines, JSON",
    "date": "day it was made, YYYY-MM-DD",
}
"""Metadata that vetting takes as given: key and meaning. All are optional; other keys are refused."""


def schema_metadata() -> dict[str, str]:
    """Metadata that every policy file of this build carries, key by key the same."""
    return {
        "format": FORMAT,
        "schema_version": str(SCHEMA_VERSION),
        "features": _json([[f.name, f.unit, f.shift, f.low, f.high] for f in FEATURES]),
        "actions": _json([action.name for action in ACTIONS]),
        "protocols": _json(list(PROTOCOLS)),
        "mean_photon_numbers_e6": _json(list(MEAN_PHOTON_NUMBERS_E6)),
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
