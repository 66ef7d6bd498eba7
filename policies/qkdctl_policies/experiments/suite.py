"""Suites: which networks, loads, attacks, arms and seeds, as a TOML file says."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from hil_sim.network.validation_problems import validation_problems
from hil_sim.scenario_problems import LineIndex, ScenarioError, did_you_mean
from hil_sim.world.parameters import Fraction, Parameters, Positive
from qkdctl_policies.experiments.arms import ARMS, BOUND
from qkdctl_policies.experiments.attacks import ATTACKS, NO_ATTACK
from qkdctl_policies.experiments.cell import Cell

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
SHIPPED: Final = files("qkdctl_policies.experiments") / "suites"


class SuiteError(Exception):
    """A suite that makes no sense; the text has a line for each mistake."""


class Suite(Parameters):
    """A suite; every combination of its lists is a cell.

    Attributes:
        name, description: for people.
        epoch_s: length of an epoch, which is a slot of every demand.
        warm_up_epochs: honest epochs before anything is counted or attacked, so that links have key in store.
        epochs: that are counted.
        seeds, first_seed: how many, and the first of them.
        demands: pairs of nodes that want key, drawn anew with every seed.
        loads: key that each of them asks for, as a share of what all can get at once without attack; see `Peace`.
        byzantine: shares of the nodes, rounded; of the fibres for attacks on fibres.
        attacks, arms: by name. Every arm also runs without attack, which is what it is held against.
        peaceful_arms: arms that run without attack only.
        policy: file of the learned policy: one of the zoo by name, or a path that ends in .onnx.
        networks: tables of `[network]` as in scenarios of `qkdctl sim network`.
        hardware: tables of `[hardware.*]` likewise.
    """

    name: Name
    description: str = ""
    epoch_s: Positive = 10.0
    warm_up_epochs: Annotated[int, Field(ge=1, le=10_000)] = 30
    epochs: Annotated[int, Field(ge=2, le=100_000)]
    seeds: Annotated[int, Field(ge=1, le=10_000)]
    first_seed: Annotated[int, Field(ge=0)] = 1
    demands: Annotated[int, Field(ge=1, le=1000)]
    loads: Annotated[tuple[Positive, ...], Field(min_length=1)]
    byzantine: Annotated[tuple[Fraction, ...], Field(min_length=1)]
    attacks: Annotated[tuple[str, ...], Field(min_length=1)]
    arms: Annotated[tuple[str, ...], Field(min_length=1)]
    peaceful_arms: tuple[str, ...] = ()
    policy: str = "foresight-links"
    networks: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]
    hardware: Annotated[dict[Name, dict[str, Any]], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for kind, names, known in (
            ("attack", self.attacks, {*ATTACKS} - {NO_ATTACK}),
            ("arm", self.arms + self.peaceful_arms, {*ARMS, BOUND}),
        ):
            for name in names:
                if name not in known:
                    raise ValueError(f"no {kind} '{name}'; {did_you_mean(name, known)}")
            if len(set(names)) != len(names):
                raise ValueError(f"each {kind} may be named once, got {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _no_cell_is_there_twice(self) -> Self:
        for what, values in (("load", self.loads), ("share of Byzantine nodes", self.byzantine)):
            if len(set(values)) != len(values):
                raise ValueError(f"each {what} may be given once, got {', '.join(f'{value:g}' for value in values)}")
        if BOUND in self.arms and 0.0 in self.byzantine:
            raise ValueError("byzantine may not have 0 beside the arm bound: every arm also runs without attack")
        return self

    def cells(self) -> Iterator[Cell]:
        """All cells, seed by seed, so that a run that is cut short has whole pairs."""
        for seed in range(self.first_seed, self.first_seed + self.seeds):
            for network, table in self.networks.items():
                for load in self.loads:
                    for arm in (*self.arms, *self.peaceful_arms):
                        for byzantine, attack in self._stories(arm):
                            yield Cell(
                                network=network,
                                table=table,
                                hardware=self.hardware,
                                epoch_s=self.epoch_s,
                                warm_up_epochs=self.warm_up_epochs,
                                epochs=self.epochs,
                                demands=self.demands,
                                load=load,
                                byzantine=byzantine,
                                attack=attack,
                                arm=arm,
                                policy=self.policy,
                                seed=seed,
                            )

    def _stories(self, arm: str) -> Iterator[tuple[float, str]]:
        """Share of Byzantine nodes and attack; a bound depends on who they are, not on what they do."""
        yield 0.0, NO_ATTACK
        for byzantine in () if arm in self.peaceful_arms else self.byzantine:
            for attack in (NO_ATTACK,) if arm == BOUND else self.attacks:
                yield byzantine, attack


def shipped_suites() -> list[str]:
    """Suites that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in SHIPPED.iterdir() if entry.name.endswith(".toml"))


def load_suite(name: str) -> Suite:
    """Read a suite: a shipped one by name, or a file.

    Raises:
        SuiteError: for an unknown name, or with every mistake of the file.
        OSError: when the file cannot be read.
    """
    if name in shipped_suites():
        content = (SHIPPED / f"{name}.toml").read_bytes()
    elif name.endswith(".toml"):
        content = Path(name).read_bytes()
    else:
        raise SuiteError(
            f"there is no suite '{name}'; name a file that ends in .toml, or {', '.join(shipped_suites())}"
        )
    try:
        return Suite.model_validate(tomllib.loads(content.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise SuiteError(f"{name}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise SuiteError(f"{name}: values are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise SuiteError(f"{name}: not valid TOML: {error}") from None
    except ValidationError as error:
        problems = validation_problems(error, Suite)
        raise SuiteError(str(ScenarioError(name, problems, LineIndex(content.decode("utf-8"))))) from None
