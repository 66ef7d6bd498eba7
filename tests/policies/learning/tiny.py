"""A training of a second, for tests."""

import json

from qkdctl_policies.learning.config import TrainingConfig

TINY = {
    "name": "tiny",
    "description": "for tests",
    "episodes": 4,
    "environment": {"scenarios": ["duct"], "networks": 2, "epochs": 8, "epoch_s": [10.0, 5.0]},
    "learner": {"hidden": [8, 8], "batch": 16, "n_step": 3, "updates": 2},
    "replay": {"capacity": 300, "warm_up": 40},
    "selection": {"networks": 1, "every_epochs": 4},
}


def tiny(**sections) -> TrainingConfig:
    """The configuration, with these sections changed in part."""
    tables = {name: TINY.get(name, {}) | part if isinstance(part, dict) else part for name, part in sections.items()}
    return TrainingConfig.model_validate(TINY | tables)


def as_toml(tables=TINY) -> str:
    """The same as a file."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, section in tables.items():
        if isinstance(section, dict):
            plain += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    return "\n".join(plain) + "\n"


def interrupted_at(look):
    """For `on_progress`: Ctrl-C at this look at the learner, counted from 1."""
    seen = []

    def stop(point):
        seen.append(point)
        if len(seen) == look:
            raise KeyboardInterrupt

    return stop
