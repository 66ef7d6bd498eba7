"""What the network does to messages until it heals."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qkdctl.abft.messages import Message

Path = tuple[str, str]
"""Sender and receiver."""
STRAGGLING = 10.0


@dataclass(frozen=True, slots=True)
class Spell:
    """How the network is for a while.

    Attributes:
        until_s: end.
        loss, duplication: probabilities.
        delay_s: least and most, evenly spread, so that messages overtake each other.
        straggling: probability of a delay `STRAGGLING` times as long.
        cut: paths on which nothing arrives.
        clogged: extra delay of a path in seconds.
        sabotage: probability that all votes of one phase and round miss one receiver; with `sabotage_from` 1 also all
            proposals, proofs and suggestions of a round, and wishes of one sender.
        sabotage_from: votes of earlier phases arrive.
    """

    until_s: float
    loss: float = 0.0
    duplication: float = 0.0
    delay_s: tuple[float, float] = (0.001, 0.02)
    straggling: float = 0.0
    cut: frozenset[Path] = frozenset()
    clogged: Mapping[Path, float] = field(default_factory=dict)
    sabotage: float = 0.0
    sabotage_from: int = 1


HEALED = Spell(float("inf"))


def slot_of(message: Message) -> tuple[str, int, int, int]:
    """What sabotage strikes as one: kind, epoch, round and phase."""
    return message.kind, message.epoch, getattr(message, "round", 0), getattr(message, "phase", 0)
