"""The document about policies, as a node with one file in force and one rejected gives it."""

from qkdctl.api.errors import UnknownNameError
from qkdctl.api.facade import Json

FILE: Json = {
    "schema_version": 1,
    "name": "ramp",
    "sha256": "ab" * 32,
    "size": 15_303,
    "version": 3,
    "signer": "release",
    "signature": "cd" * 64,
    "stage": "active",
    "code": "",
    "events": [
        {"wall_ms": 1_700_000_000_000, "step": "stage", "stage": "staged", "epoch": 7, "why": "uid 7"},
        {"wall_ms": 1_700_000_001_000, "step": "pass", "stage": "vetted", "epoch": 8, "why": ""},
        {"wall_ms": 1_700_000_009_000, "step": "activate", "stage": "active", "epoch": 16, "why": "decided"},
    ],
}
REJECTED: Json = {
    **FILE,
    "name": "night",
    "sha256": "ba" * 32,
    "version": 4,
    "signer": "",
    "signature": "",
    "stage": "rejected",
    "code": "not-finite",
    "events": [
        {"wall_ms": 1_700_000_002_000, "step": "stage", "stage": "staged", "epoch": 9, "why": "uid 7"},
        {
            "wall_ms": 1_700_000_003_000,
            "step": "fail",
            "stage": "rejected",
            "epoch": 10,
            "why": "not-finite: weights_0 has weights that are not finite",
        },
    ],
}
POLICIES: Json = {
    "schema_version": 1,
    "epoch": 41,
    "policy": "ab" * 32,
    "previous": "rule-based",
    "rolled_back": [],
    "ejected": False,
    "at_hand": True,
    "configured": "rule-based",
    "trusted_signers": ["release"],
    "files": [
        {k: v for k, v in file.items() if k != "schema_version"} | {"shadow": None, "canary": None}
        for file in (FILE, REJECTED)
    ],
}


def manifest_of(policy: str) -> Json:
    """Of one of the two files, by name or digest."""
    for file in (FILE, REJECTED):
        if policy in (file["name"], file["sha256"]):
            return {key: file[key] for key in ("name", "sha256", "size", "version", "signer", "signature")}
    raise UnknownNameError("policy", policy, ["ramp", "night"])
