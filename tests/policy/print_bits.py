"""A process that says which bits onnxruntime gives for every shipped policy on the processor that it finds."""

import hashlib
import json
from pathlib import Path

import numpy as np

from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.reference import exact_values
from qkdctl.policy.schema import FEATURES, GRID, LARGEST
from qkdctl.policy.vetting import vet

ZOO = Path(__file__).parents[2] / "policies" / "zoo"
ROWS = 512


def bits() -> dict[str, dict[str, str]]:
    """File -> digest of the values that the runtime gives, and of those that integers give."""
    drawn = np.random.default_rng(1).integers(-LARGEST * GRID, LARGEST * GRID, (ROWS, len(FEATURES)), endpoint=True)
    found = {}
    for path in sorted(ZOO.glob("*.onnx")):
        vetted = vet(path.read_bytes())
        values = OnnxPolicy(vetted).values(drawn / GRID), exact_values(vetted.layers, drawn)
        runtime, integers = (hashlib.sha256(table.tobytes()).hexdigest() for table in values)
        found[path.name] = {"runtime": runtime, "integers": integers}
    return found


if __name__ == "__main__":
    print(json.dumps(bits()))
