"""What a trained file says about its making."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import hil_sim
import qkdctl.physics
import qkdctl.policy
import qkdctl_policies
from qkdctl_policies.learning.config import TrainingConfig

_HERE: Final = Path(qkdctl_policies.__file__).parent
_SIMULATOR: Final = Path(hil_sim.__file__).parent
_POLICY: Final = Path(qkdctl.policy.__path__[0])

_ELSEWHERE: Final = ("card", "curve", "evaluation", "evaluation_text", "output_files", "statistics")
_TRAINING: Final = tuple(path for path in (_HERE / "learning").glob("*.py") if path.stem not in _ELSEWHERE)
"""Sources of what decides how a training goes; those that judge, draw and store are none of it."""

_ENVIRONMENT: Final = (
    *(_HERE / "environment").glob("*.py"),
    *(path for room in ("adversary", "channels", "network", "world") for path in (_SIMULATOR / room).glob("*.py")),
    *Path(qkdctl.physics.__path__[0]).glob("*.py"),
    *(_POLICY / f"{name}.py" for name in ("actions", "integers", "intensities", "limits", "schema", "shield_settings")),
    _POLICY / "view.py",
)
"""Sources of what networks do, what is seen of them and what may be done."""


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
        "episodes": str(config.episodes_played),
        "training_hash": _digest(config.model_dump_json().encode(), _TRAINING),
        "environment_hash": _digest(b"", _ENVIRONMENT),
    }


def _digest(first: bytes, sources: Iterable[Path]) -> str:
    """SHA-256 of some bytes and of all sources, with their names."""
    total = hashlib.sha256(first)
    for path in sorted(sources):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.parent.name}/{path.name} {content}\n".encode())
    return total.hexdigest()
