"""What one replica has voted in one epoch: all of it that later rounds ask for, in constant space."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from qkdctl.abft.messages import Slot
from qkdctl.abft.safety import NO_PAST, Past

PHASES = (1, 2, 3, 4)


@dataclass(slots=True)
class Ballots:
    """Own votes; they must be stored before they are sent, or a restart could vote twice.

    Attributes:
        highest: phase -> highest vote.
        other: phase -> highest vote for another value than that one.
        for_voters, for_leader: the past below the present round, as it was when the round was entered.
        cast_count: votes given since the start of the process.
    """

    highest: dict[int, Slot] = field(default_factory=dict)
    other: dict[int, Slot] = field(default_factory=dict)
    for_voters: Past = NO_PAST
    for_leader: Past = NO_PAST
    cast_count: int = 0

    def has_voted(self, phase: int, turn: int) -> bool:
        """Whether a vote of this phase was given in this round or a later one."""
        return phase in self.highest and self.highest[phase].round >= turn

    def cast(self, phase: int, turn: int, value: str) -> None:
        """Note a vote; at most one per phase and round, in rising rounds."""
        assert not self.has_voted(phase, turn), f"vote {phase} of round {turn} was given already"
        before = self.highest.get(phase)
        if before is not None and before.value != value:
            self.other[phase] = before
        self.highest[phase] = Slot(turn, value)
        self.cast_count += 1

    def enter(self) -> None:
        """A later round begins: what was voted so far is the past of which it asks."""
        self.for_voters = Past(self.highest.get(1), self.other.get(1), self.highest.get(4))
        self.for_leader = Past(self.highest.get(2), self.other.get(2), self.highest.get(3))

    def given(self, turn: int) -> list[tuple[int, str]]:
        """Votes of a round, as (phase, value)."""
        return [(phase, slot.value) for phase, slot in sorted(self.highest.items()) if slot.round == turn]

    def to_plain(self) -> dict[str, Any]:
        """For the store."""
        return {
            "highest": {str(phase): _slot(slot) for phase, slot in self.highest.items()},
            "other": {str(phase): _slot(slot) for phase, slot in self.other.items()},
            "for_voters": _past(self.for_voters),
            "for_leader": _past(self.for_leader),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """From the store."""
        return cls(
            {int(phase): _to_slot(slot) for phase, slot in plain["highest"].items()},
            {int(phase): _to_slot(slot) for phase, slot in plain["other"].items()},
            _to_past(plain["for_voters"]),
            _to_past(plain["for_leader"]),
        )


def _slot(slot: Slot) -> list[Any]:
    return [slot.round, slot.value]


def _to_slot(plain: list[Any]) -> Slot:
    return Slot(int(plain[0]), str(plain[1]))


def _past(past: Past) -> list[Any]:
    return [[] if slot is None else _slot(slot) for slot in (past.highest, past.other, past.last)]


def _to_past(plain: list[Any]) -> Past:
    highest, other, last = (_to_slot(slot) if slot else None for slot in plain)
    return Past(highest, other, last)
