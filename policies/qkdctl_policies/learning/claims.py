"""What a trained file says about its making."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import hil_sim
import qkdctl.physics
import qkdctl_policies
from qkdctl_policies.learning.config import TrainingConfig

_HERE: Final = Path(qkdctl_policies.__file__).parent
_SIMULATOR: Final = Path(hil_sim.__file__).parent
_DAEMON: Final = Path(qkdctl.physics.__path__[0]).parent

_ELSEWHERE: Final = ("card", "curve", "evaluation", "evaluation_text", "output_files", "statistics")
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
        ValueError: it is no TOML.
    """
    return {
        "name": config.name,
        "origin": "trained",
        "description": config.description,
        "gamma": str(config.learner.gamma),
        "seed": str(seed),
        "episodes": str(config.episodes_played),
        "training_hash": _digest(config.model_dump_json().encode(), _TRAINING),
        "environment_hash": _digest(b"".join(_scenario_files(config)), _ENVIRONMENT),
    }


def _scenario_files(config: TrainingConfig) -> Iterator[bytes]:
    """Contents of the scenario files that are learned from, and of the topologies that they name."""
    for name in config.environment.scenarios:
        if name.endswith(".toml"):
            content = Path(name).read_bytes()
            yield content
            network = tomllib.loads(content.decode("utf-8")).get("network", {})
            topology = network.get("topology") if isinstance(network, dict) else None
            if isinstance(topology, str) and topology.endswith(".toml"):
                yield Path(topology).read_bytes()


def _digest(first: bytes, sources: Iterable[Path]) -> str:
    """SHA-256 of some bytes and of all sources, with their names."""
    total = hashlib.sha256(first)
    for path in sorted(sources):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.parent.name}/{path.name} {content}\n".encode())
    return total.hexdigest()
