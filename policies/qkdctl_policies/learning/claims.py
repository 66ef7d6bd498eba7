"""What a trained file says about its making."""

import hashlib
from pathlib import Path
from typing import Final

import hil_sim
import qkdctl.physics
import qkdctl.policy
import qkdctl.records
import qkdctl_policies
from qkdctl_policies.learning.config import TrainingConfig

_OF_TRAINING: Final = (Path(qkdctl_policies.__file__).parent / "learning",)
_SIMULATOR: Final = Path(hil_sim.__file__).parent
_OF_ENVIRONMENT: Final = (
    Path(qkdctl_policies.__file__).parent / "environment",
    *(_SIMULATOR / part for part in ("adversary", "channels", "network", "world")),
    *(Path(room.__path__[0]) for room in (qkdctl.physics, qkdctl.policy, qkdctl.records)),
)


def claims(config: TrainingConfig, seed: int) -> dict[str, str]:
    """Claims of the policy format: a function of configuration, seed and sources, without a date.

    Two files of the same claims were made by the same code. They are the same file when PyTorch, NumPy and the kind of
    processor are the same too.
    """
    return {
        "name": config.name,
        "origin": "trained",
        "description": config.description,
        "gamma": str(config.learner.gamma),
        "seed": str(seed),
        "episodes": str(config.batches * config.environment.networks),
        "training_hash": _digest(config.model_dump_json().encode(), _OF_TRAINING),
        "environment_hash": _digest(b"", _OF_ENVIRONMENT),
    }


def _digest(first: bytes, folders: tuple[Path, ...]) -> str:
    """SHA-256 of some bytes and of all sources in folders, with their names."""
    total = hashlib.sha256(first)
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(folder.parent).as_posix()} {content}\n".encode())
    return total.hexdigest()
