"""The model card: what a person should know about a trained file before using it."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from qkdctl.policy.format import FORMAT
from qkdctl.policy.schema import SCHEMA_VERSION
from qkdctl.policy.vetting import VettedPolicy
from qkdctl_policies.learning.claims import written
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.training import Trained

_LIMITS: Final = (
    "Learned from simulated links at one length of epoch and one set of shield limits; others are other problems.",
    "Trust was full, reports were believed and routes the shortest while it learned; trust has no say in what it does.",
    "Neither buffers nor demands are among the features it sees.",
    "Values are discounted shares of ideal key, times a power of two that makes rounding finer.",
)


def card(trained: Trained, config: TrainingConfig, seed: int) -> dict[str, Any]:
    """Identity, making and limits; `qkdctl policy evaluate --card` adds scores."""
    return {
        "name": config.name,
        **identity(trained.vetted),
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "origin": "trained",
        "description": config.description,
        "claims": dict(trained.vetted.claims),
        "training": {
            "seed": seed,
            "config": written(config),
            "link_epochs": trained.curve[-1].link_epochs,
            "updates": trained.curve[-1].updates,
            "best_at_episodes": max(trained.curve, key=lambda point: point.score).episodes,
            "selection": {"this policy": trained.curve[-1].best, **trained.references},
            "versions": {name: version(name) for name in ("torch", "numpy", "gymnasium", "onnx")},
            "processor": platform.machine(),
        },
        "limits": list(_LIMITS),
    }


def identity(vetted: VettedPolicy) -> Mapping[str, Any]:
    """What tells the file from others."""
    return {"sha256": vetted.sha256, "bytes": len(vetted.data), "value_bound": vetted.value_bound}
