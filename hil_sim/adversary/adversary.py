"""One adversary: who does what, how much and when."""

from dataclasses import dataclass
from typing import NamedTuple

from hil_sim.adversary.duty import ALWAYS, Duty
from hil_sim.adversary.kinds import EFFECTS, Kind
from hil_sim.adversary.strengths import MOST_EPOCHS


class Act(NamedTuple):
    """One kind of misbehaviour and its strength; see the part of `Conduct` that it sets for what strength means."""

    kind: Kind
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Adversary:
    """A Byzantine node, or an eavesdropper on fibres.

    One node may be described several times, as when it does one thing always and another in bursts.

    Attributes:
        acts: what it does.
        node: index of the node; none for an eavesdropper, who attacks nothing but states.
        links: links whose states, announcements and reports it attacks; by default all that the node has.
        duty: when.
        coalition: nodes of one coalition misbehave in the same epochs, say the same of links between them, slander no
            member and pool what they read; empty for a node on its own.
        replay_delay: age in epochs of what `replay` reports, at least 1.
        claimed_error_rate: what `understate-errors` aims at, in [0, 1/2].
        clumsy: whether its forged tables may contradict themselves.

    Raises:
        ValueError: for an adversary that does nothing, is nowhere, or has values outside their range.
    """

    acts: tuple[Act, ...]
    node: int | None = None
    links: tuple[int, ...] | None = None
    duty: Duty = ALWAYS
    coalition: str = ""
    replay_delay: int = 10
    claimed_error_rate: float = 0.0
    clumsy: bool = False

    def __post_init__(self) -> None:
        if not self.acts:
            raise ValueError("an adversary must do something, got no acts")
        for act in self.acts:
            highest = EFFECTS[act.kind].highest
            if not 0 <= act.strength <= highest:
                raise ValueError(f"strength of {act.kind} must lie in [0, {highest:g}], got {act.strength}")
        if self.node is None:
            self._check_eavesdropper()
        if not 1 <= self.replay_delay <= MOST_EPOCHS:
            raise ValueError(f"replay_delay must be 1 to {MOST_EPOCHS} epochs, got {self.replay_delay}")
        if not 0 <= self.claimed_error_rate <= 0.5:
            raise ValueError(f"claimed_error_rate must lie in [0, 1/2], got {self.claimed_error_rate}")

    def _check_eavesdropper(self) -> None:
        if not self.links:
            raise ValueError("an adversary needs a node, or links to eavesdrop on, got neither")
        if self.coalition:
            raise ValueError(f"an eavesdropper without a node cannot join coalition '{self.coalition}'")
        for act in self.acts:
            if EFFECTS[act.kind].part != "states":
                raise ValueError(f"'{act.kind}' needs a node; an eavesdropper on a fibre attacks states only")
