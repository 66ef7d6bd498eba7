"""What a training is: every number of it, read from one TOML file."""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, model_validator

from hil_sim.world.parameters import Parameters
from qkdctl_policies.learning.config_sections import (
    FINAL_SEED,
    ActorsSection,
    EnvironmentSection,
    ExplorationSection,
    ForesightSection,
    LearnerSection,
    PositiveInt,
    ReplaySection,
    RewardSection,
    SelectionSection,
)
from qkdctl_policies.learning.scenarios import NAMED

LEAST_AHEAD: Final = 20
"""Epochs that foresight has to see to learn from one: the last ones of an episode teach nothing."""
FILE_MAX: Final = 1_000_000
"""Longest file that is read, in bytes."""


class TrainingError(ValueError):
    """A configuration, a checkpoint or a file of a training is not usable; the message says what to do."""


class TrainingConfig(Parameters):
    """A whole training.

    Attributes:
        name: of the policy.
        description: what it does, in a sentence.
        episodes: one is one network over `environment.epochs` epochs; rounded up to whole batches of networks.
        environment, actors, reward, foresight, learner, replay, exploration, selection: see their sections.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    description: Annotated[str, Field(max_length=1000)] = ""
    episodes: PositiveInt = 500
    environment: EnvironmentSection = EnvironmentSection()
    actors: ActorsSection = ActorsSection()
    reward: RewardSection = RewardSection()
    foresight: ForesightSection = ForesightSection()
    learner: LearnerSection = LearnerSection()
    replay: ReplaySection = ReplaySection()
    exploration: ExplorationSection = ExplorationSection()
    selection: SelectionSection = SelectionSection()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        unknown = [name for name in self.environment.scenarios if name not in NAMED and not name.endswith(".toml")]
        if unknown:
            raise ValueError(f"no scenario {', '.join(unknown)}; known are {', '.join(NAMED)}")
        if self.replay.warm_up > self.replay.capacity:
            raise ValueError(f"warm_up {self.replay.warm_up} exceeds the capacity {self.replay.capacity}")
        if self.selection.seed + self.selection.networks > FINAL_SEED:
            raise ValueError(f"[selection] seed and networks reach those of final scores, from {FINAL_SEED} on")
        if self.actors.processes and self.foresight.horizon:
            raise ValueError("[actors] and [foresight] do not go together; leave processes out, or horizon")
        least = min(LEAST_AHEAD, self.foresight.horizon) + 2
        if self.foresight.horizon and self.environment.epochs < least:
            raise ValueError(
                f"[environment] epochs is {self.environment.epochs}, but foresight learns nothing from an episode's "
                f"last {least - 2}: {least} or more are needed, 100 or more are sensible"
            )
        for name, epochs in (
            ("[environment] epochs", self.environment.epochs),
            ("[selection] every_epochs", self.selection.every_epochs),
        ):
            if self.actors.processes and epochs % self.actors.epochs:
                raise ValueError(f"{name} must be a multiple of [actors] epochs, {self.actors.epochs}, got {epochs}")
        return self

    @property
    def networks_at_once(self) -> int:
        """Networks that play side by side, in all processes."""
        return self.environment.networks * max(self.actors.processes, 1)

    @property
    def visits(self) -> int:
        """Episodes that all networks play at once, one after the other: whole batches of networks."""
        batches = -(-self.episodes // (self.networks_at_once * self.environment.visits))
        return batches * self.environment.visits

    @property
    def episodes_played(self) -> int:
        """What `episodes` come to in whole batches."""
        return self.visits * self.networks_at_once


def load_config(path: Path) -> TrainingConfig:
    """Read a training from its file.

    Raises:
        TrainingError: naming the file and every mistake.
        OSError: when it cannot be read.
    """
    try:
        return TrainingConfig.model_validate(tomllib.loads(path.read_bytes()[:FILE_MAX].decode("utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, one['loc'])) or 'training'}: {one['msg']}" for one in error.errors())
        raise TrainingError(f"{path}:\n  " + "\n  ".join(lines)) from None
