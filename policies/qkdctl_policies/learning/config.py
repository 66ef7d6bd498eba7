"""What a training is: every number of it, read from one TOML file."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, model_validator

from hil_sim.network.validation_problems import validation_problems
from hil_sim.scenario_problems import LineIndex, ScenarioError, did_you_mean
from hil_sim.world.parameters import Parameters
from qkdctl.files import read_bounded
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.format import MAX_WEIGHTS
from qkdctl.policy.schema import FEATURES
from qkdctl_policies.learning.config_sections import (
    FINAL_SEED,
    ActorsSection,
    Count,
    EnvironmentSection,
    ExplorationSection,
    ForesightSection,
    LearnerSection,
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
    """A whole training; scenario files are looked for where this process works, see `load_config`.

    Attributes:
        name: of the policy.
        description: what it does, in a sentence.
        episodes: one is one network over `environment.epochs` epochs; rounded up to whole batches of networks.
        environment, actors, reward, foresight, learner, replay, exploration, selection: see their sections.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    description: Annotated[str, Field(max_length=1000)] = ""
    episodes: Count = 500
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
        if self.name in BASELINES:
            raise ValueError(f"name {self.name} is that of a policy without a file, which every node has; take another")
        unknown = [name for name in self.environment.scenarios if name not in NAMED and not name.endswith(".toml")]
        if unknown:
            raise ValueError(f"[environment] scenarios has no {unknown[0]!r}; {did_you_mean(unknown[0], NAMED)}")
        if self.weights > MAX_WEIGHTS:
            raise ValueError(
                f"[learner] hidden {list(self.learner.hidden)} makes {self.weights} weights, and nodes take no file "
                f"of more than {MAX_WEIGHTS}"
            )
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
    def weights(self) -> int:
        """Numbers that the policy's file will hold."""
        widths = (len(FEATURES), *self.learner.hidden, len(ACTIONS))
        return sum((before + 1) * after for before, after in pairwise(widths)) + 2  # the grid and its step

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
    """Read a training from its file; scenario files that it names lie beside it.

    Raises:
        TrainingError: naming the file, and line and key of every mistake.
        OSError: when it cannot be read.
    """
    data = read_bounded(path, FILE_MAX)
    if len(data) > FILE_MAX:
        raise TrainingError(f"{path} is longer than {FILE_MAX} bytes; is it a configuration?")
    text = ""
    try:
        text = data.decode("utf-8")
        found = TrainingConfig.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problems = validation_problems(error, TrainingConfig)
        raise TrainingError(str(ScenarioError(str(path), problems, LineIndex(text)))) from None
    except ValueError as error:
        raise TrainingError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise TrainingError(f"{path}: values are nested too deeply") from None
    return _beside(path.parent, found)


def _beside(folder: Path, config: TrainingConfig) -> TrainingConfig:
    names = config.environment.scenarios
    found = tuple(str(folder / name) if name.endswith(".toml") else name for name in names)
    return config.model_copy(update={"environment": config.environment.model_copy(update={"scenarios": found})})
