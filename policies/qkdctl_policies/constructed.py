"""Writes the constructed policy and its card: `python -m qkdctl_policies.constructed OUT.onnx`.

The file is a function of this source alone, byte for byte; nothing is trained.
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.builder import build
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.format import FORMAT
from qkdctl.policy.schema import SCHEMA_VERSION
from qkdctl.policy.vetting import vet
from qkdctl_policies import power_fit
from qkdctl_policies.constructed_network import constructed_network
from qkdctl_policies.scores import score

CLAIMS = {
    "name": "bench-constructed",
    "origin": "constructed",
    "description": "Re-aligns when misalignment has cost as much key as a re-alignment does; steps the mean photon "
    "number towards the optimum of decoy BB84 at the measured QBER and loss; never changes the protocol.",
}


def constructed_policy() -> bytes:
    """The policy file."""
    return build(constructed_network(power_fit.fit_power()), CLAIMS)


def card(data: bytes) -> dict[str, object]:
    """What a person should know about the file before using it, with scores measured now."""
    policy = OnnxPolicy(vet(data))
    return {
        "name": CLAIMS["name"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "origin": CLAIMS["origin"],
        "description": CLAIMS["description"],
        "made_by": "python -m qkdctl_policies.constructed OUT.onnx",
        "assumptions": {
            "protocol": "bb84 with vacuum and one weak decoy",
            "decoy_ratio": power_fit.DECOY_RATIO,
            "error_correction_inefficiency": power_fit.CORRECTION,
            "background_per_gate": power_fit.BACKGROUND,
            "fit": asdict(power_fit.fit_power()),
        },
        "limits": [
            "Values are preferences, not expected returns.",
            "Finite-key effects and key lost with an unfinished block are not weighed.",
            "Background that rises with time is met by less power only, detector saturation not at all.",
            "Trust, buffers and demand have no influence.",
        ],
        "scores": score(policy, (Hold(), RuleBased())),
    }


def main() -> None:
    """Write the file named on the command line and its card beside it."""
    parser = argparse.ArgumentParser(prog="python -m qkdctl_policies.constructed", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.onnx", help="file to write; the card is OUT.json")
    out: Path = parser.parse_args().out
    data = constructed_policy()
    out.write_bytes(data)
    out.with_suffix(".json").write_text(json.dumps(card(data), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
