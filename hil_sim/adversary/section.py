"""Adversaries as a scenario file describes them."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.duty import Duty
from hil_sim.adversary.kinds import EFFECTS, Kind
from hil_sim.adversary.random_adversaries import random_adversaries
from hil_sim.adversary.strengths import MOST_EPOCHS
from hil_sim.scenario_problems import did_you_mean
from hil_sim.world.parameters import Fraction, NonNegative, Parameters

Epoch = Annotated[int, Field(ge=0)]
Epochs = Annotated[int, Field(ge=1)]


class DutySection(Parameters):
    """`duty` of an adversary: when it misbehaves, apart from its first and last epoch.

    Attributes:
        share: probability of each epoch.
        period, burst: of every `period` epochs the first `burst`.
        wary_below: trust below which it behaves.
    """

    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    period: Epochs = 1
    burst: Epochs = 1
    wary_below: Fraction = 0.0

    @model_validator(mode="after")
    def _burst_fits(self) -> Self:
        if self.burst > self.period:
            raise ValueError(f"a burst of {self.burst} epochs does not fit into a period of {self.period}")
        return self


class AdversarySection(Parameters):
    """`[[adversaries]]`: who misbehaves, how and when.

    Attributes:
        nodes: names of Byzantine nodes.
        share: instead of names, the share of all nodes, picked at random.
        keep_honest: nodes that are not picked.
        links: names of the links that are attacked, by default all of the nodes; without nodes, an eavesdropper.
        kinds: what they do.
        strength: of each kind; the share of epochs for kinds that happen or do not, such as `replay`.
        start_epoch, end_epoch: first epoch, and the first after the last; by default for ever.
        duty: which epochs in between.
        coalition: name of a coalition that the nodes join.
        replay_delay_epochs: age of what `replay` reports.
        claimed_error_rate: what `understate-errors` aims at.
        clumsy: whether forged tables may contradict themselves.
    """

    nodes: tuple[str, ...] = ()
    share: Fraction | None = None
    keep_honest: tuple[str, ...] = ()
    links: tuple[str, ...] | None = None
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    strength: NonNegative = 1.0
    start_epoch: Epoch = 0
    end_epoch: Epochs | None = None
    duty: DutySection = DutySection()
    coalition: str = ""
    replay_delay_epochs: Annotated[int, Field(ge=1, le=MOST_EPOCHS)] = 10
    claimed_error_rate: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    clumsy: bool = False

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.nodes and self.share is not None:
            raise ValueError("give nodes, or the share of nodes to pick, not both")
        if not self.nodes and self.share is None:
            self._check_eavesdropper()
        if self.share is None and self.keep_honest:
            raise ValueError("keep_honest belongs to share")
        if self.share is not None and self.links is not None:
            raise ValueError("links cannot be named for nodes that are picked at random")
        if self.end_epoch is not None and self.end_epoch <= self.start_epoch:
            raise ValueError(f"end_epoch must be later than start_epoch {self.start_epoch}, not {self.end_epoch}")
        for kind in self.kinds:
            if self.strength > EFFECTS[kind].highest:
                raise ValueError(f"strength of '{kind}' is at most {EFFECTS[kind].highest:g}, not {self.strength:g}")
        return self

    def _check_eavesdropper(self) -> None:
        if not self.links:
            raise ValueError("needs nodes, the share of nodes to pick, or links to eavesdrop on")
        if self.coalition:
            raise ValueError("an eavesdropper on links joins no coalition; give nodes")
        for kind in self.kinds:
            if EFFECTS[kind].part != "states":
                raise ValueError(f"'{kind}' needs nodes; an eavesdropper on links attacks states only")


def adversaries_of(
    sections: Sequence[AdversarySection], nodes: Sequence[str], links: Sequence[str], seed: int
) -> tuple[Adversary, ...]:
    """The adversaries of a network whose nodes and links have these names, in the order of their indices.

    Raises:
        ValueError: for a name that is none of them.
    """
    node_indices = {name: index for index, name in enumerate(nodes)}
    link_indices = {name: index for index, name in enumerate(links)}
    adversaries: list[Adversary] = []
    for number, section in enumerate(sections):
        adversaries += _adversaries(section, node_indices, link_indices, seed, number)
    return tuple(adversaries)


def _adversaries(
    section: AdversarySection, nodes: dict[str, int], links: dict[str, int], seed: int, number: int
) -> tuple[Adversary, ...]:
    acts = tuple(Act(kind, section.strength) for kind in section.kinds)
    when = section.duty
    duty = Duty(section.start_epoch, section.end_epoch, when.share, when.period, when.burst, when.wary_below)
    picked: Sequence[int | None] = [_index("node", name, nodes) for name in section.nodes] or [None]
    if section.share is not None:
        kept = [_index("node", name, nodes) for name in section.keep_honest]
        chosen = random_adversaries(len(nodes), section.share, acts, seed, keep_honest=kept, draw=number)
        picked = [adversary.node for adversary in chosen]
    attacked = None if section.links is None else tuple(_index("link", name, links) for name in section.links)
    return tuple(
        Adversary(
            acts,
            node,
            attacked,
            duty,
            section.coalition,
            section.replay_delay_epochs,
            section.claimed_error_rate,
            section.clumsy,
        )
        for node in picked
    )


def _index(kind: str, name: str, known: dict[str, int]) -> int:
    if name not in known:
        raise ValueError(f"no {kind} '{name}'; {did_you_mean(name, known)}")
    return known[name]
