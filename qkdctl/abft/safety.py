"""When a value may be proposed or voted for in a later round although votes were given in earlier ones.

Rules of TetraBFT (Yu, Losa, Wang, "TetraBFT: reducing latency of unauthenticated, responsive BFT consensus", PODC
2024), with votes weighed instead of counted, and one more clause for voters: without it an honest leader's proposal
could be refused by honest voters round after round.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qkdctl.abft.messages import Proof, Slot, Suggest
from qkdctl.abft.quorum import Electorate


@dataclass(frozen=True, slots=True)
class Past:
    """What a node has voted below a round; for voters in phases 1 and 4, for the leader in phases 2 and 3.

    Attributes:
        highest: its highest vote in the earlier phase.
        other: its highest vote in that phase for another value.
        last: its highest vote in the later phase.
    """

    highest: Slot | None
    other: Slot | None
    last: Slot | None

    @classmethod
    def told_by(cls, message: Proof | Suggest) -> "Past | None":
        """What a node says of itself; None when it contradicts itself and nothing can be built on it."""
        highest, other, last = message.highest, message.other, message.last
        if any(slot is not None and slot.round >= message.round for slot in (highest, other, last)):
            return None
        if other is not None and (highest is None or other.value == highest.value or other.round >= highest.round):
            return None
        return cls(highest, other, last)

    def claims(self, value: str, below: int) -> bool:
        """Whether the node claims that a value is safe at a round: it has voted for it then, or for two others."""
        if below == 0:
            return True
        if self.highest is None or self.highest.round < below:
            return False
        return self.highest.value == value or (self.other is not None and self.other.round >= below)


NO_PAST = Past(None, None, None)


def is_safe_to_vote(pasts: Mapping[str, Past], value: str, turn: int, electorate: Electorate) -> bool:
    """Whether vote 1 may be given.

    Args:
        pasts: from the proofs for this round, by sender.
        value: digest of the proposal.
        turn: the round.
        electorate: of the epoch.
    """
    return _is_safe(pasts, value, turn, electorate, split_is_enough=True)


def is_safe_to_propose(pasts: Mapping[str, Past], value: str, turn: int, electorate: Electorate) -> bool:
    """Whether the leader may propose: the same with the suggestions for this round, without the added clause."""
    return _is_safe(pasts, value, turn, electorate, split_is_enough=False)


def _is_safe(
    pasts: Mapping[str, Past], value: str, turn: int, electorate: Electorate, *, split_is_enough: bool
) -> bool:
    if turn == 0:
        return True
    if electorate.is_strong(node for node, past in pasts.items() if past.last is None):
        return True
    return any(
        electorate.is_strong(node for node, past in pasts.items() if _allows(past, value, at))
        and (
            electorate.is_weak(_claimants(pasts, value, at))
            or (split_is_enough and _split_is_shown(pasts, at, electorate))
        )
        for at in _rounds_of_interest(pasts.values(), turn)
    )


def _allows(past: Past, value: str, at: int) -> bool:
    """The node's last vote was below the round, or in it and for this value."""
    return past.last is None or past.last.round < at or (past.last.round == at and past.last.value == value)


def _claimants(pasts: Mapping[str, Past], value: str, at: int) -> list[str]:
    return [node for node, past in pasts.items() if past.claims(value, at)]


def _split_is_shown(pasts: Mapping[str, Past], at: int, electorate: Electorate) -> bool:
    """Two different values are each claimed safe: then none was or will be decided below the round."""
    voted = {past.highest.value for past in pasts.values() if past.highest is not None}
    claimed = [value for value in sorted(voted) if electorate.is_weak(_claimants(pasts, value, at))]
    return len(claimed) > 1


def _rounds_of_interest(pasts: Iterable[Past], turn: int) -> list[int]:
    """Rounds below this one in which somebody voted; at others nothing is allowed and claimed that is not at these."""
    seen = {slot.round for past in pasts for slot in (past.highest, past.other, past.last) if slot is not None}
    return sorted(seen & set(range(turn)), reverse=True)
