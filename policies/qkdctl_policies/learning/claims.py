"""What a trained file says about its making."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import hil_sim
import qkdctl.physics
import qkdctl_policies
from qkdctl_policies.learning.config import TrainingConfig

_HERE: Final = Path(qkdctl_policies.__file__).parent
_SIMULATOR: Final = Path(hil_sim.__file__).parent
_DAEMON: Final = Path(qkdctl.physics.__path__[0]).parent

_ELSEWHERE: Final = (
    "card",
    "checkpoint",
    "curve",
    "evaluation",
    "evaluation_text",
    "following",
    "output_files",
    "sole_training",
    "statistics",
    "sweep",
)
_TRAINING: Final = tuple(path for path in (_HERE / "learning").glob("*.py") if path.stem not in _ELSEWHERE)
"""Sources of what decides how a training goes; those that judge, draw and store are none of it."""

_ENVIRONMENT: Final = (
    *(_HERE / "environment").glob("*.py"),
    *(path for room in ("adversary", "channels", "network", "world") for path in (_SIMULATOR / room).rglob("*.py")),
    *(_SIMULATOR / "network").rglob("*.toml"),
    _SIMULATOR / "preset_tables.py",
    *(_DAEMON / "physics").rglob("*.py"),
    *(_DAEMON / "routing").glob("*.py"),
    *(_DAEMON / "policy" / f"{name}.py" for name in ("actions", "integers", "intensities", "limits", "schema", "view")),
    _DAEMON / "policy" / "shield_settings.py",
    *(_DAEMON / "records" / f"{name}.py" for name in ("saturation", "series")),
)
"""Sources of what networks do, what is seen of them and what may be done."""


def claims(config: TrainingConfig, seed: int) -> dict[str, str]:
    """Claims of the policy format: a function of configuration, seed and sources, without a date.

    Two files of the same claims were made by the same code, of the same scenario files. They are the same file when
    PyTorch, NumPy and the kind of processor are the same too.

    Raises:
        OSError: a scenario file cannot be read.
    """
    return {
        "name": config.name,
        "origin": "trained",
        "description": config.description,
        "gamma": str(config.learner.gamma),
        "seed": str(seed),
        "episodes": str(config.episodes_played),
        "training_hash": _digest(json.dumps(written(config)).encode(), _TRAINING),
        "environment_hash": _digest(scenario_digest(config), _ENVIRONMENT),
    }


def written(config: TrainingConfig) -> dict[str, Any]:
    """The configuration in full, wherever it lies: scenario files by their name alone."""
    found = config.model_dump(mode="json")
    names = found["environment"]["scenarios"]
    found["environment"]["scenarios"] = [Path(name).name if name.endswith(".toml") else name for name in names]
    return found


def scenario_digest(config: TrainingConfig) -> bytes:
    """SHA-256 of each scenario file that is learned from and of the topologies they name, one after the other.

    Raises:
        OSError: one of them cannot be read.
    """
    return b"".join(hashlib.sha256(content).digest() for content in _scenario_files(config))


def _scenario_files(config: TrainingConfig) -> Iterator[bytes]:
    """Contents of the scenario files that are learned from, and of the topologies that they name."""
    for name in config.environment.scenarios:
        if name.endswith(".toml"):
            content = Path(name).read_bytes()
            yield content
            topology = _topology(content)
            if topology.endswith(".toml"):
                yield (Path(name).parent / topology).read_bytes()


def _topology(scenario: bytes) -> str:
    """The topology that a scenario file names, "" where it names none; its mistakes are told where it is built."""
    try:
        found = tomllib.loads(scenario.decode("utf-8"))["network"]["topology"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _digest(first: bytes, sources: Iterable[Path]) -> str:
    """SHA-256 of some bytes and of all sources, with their names."""
    total = hashlib.sha256(first)
    for path in sorted(sources):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.parent.name}/{path.name} {content}\n".encode())
    return total.hexdigest()
