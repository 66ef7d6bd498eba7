"""Who decides in one epoch and with how much weight: every threshold of the agreement stands in this file.

Quorums by weight follow from one condition, that three times the weight of the f heaviest members stays below the
weight of all: then two strong quorums share an honest node, and the honest nodes alone are a strong quorum.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from qkdctl.records.encoding import digest

FULL_PPM = 1_000_000
LEAST_PPM = 50_000
EXCLUDED_BELOW_PPM = 500_000
_WEIGHT_MAX = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """A node that takes part in decisions.

    Attributes:
        score_ppm: what its conduct has earned, 50 000 to 1 000 000.
    """

    node: str
    score_ppm: int = FULL_PPM


@dataclass(frozen=True)
class Electorate:
    """The members of one epoch and how many of them may lie.

    Attributes:
        members: sorted by name.
        faults: f, the number of members that may lie.

    Raises:
        ValueError: fewer than 3f + 1 members, names not sorted or not unique, a score out of range.
    """

    members: tuple[Member, ...]
    faults: int

    def __post_init__(self) -> None:
        names = [member.node for member in self.members]
        if names != sorted(set(names)):
            raise ValueError(f"members must be sorted by name and unique, got {', '.join(names)}")
        if self.faults < 0 or len(names) < 3 * self.faults + 1:
            raise ValueError(f"{len(names)} members cannot bear f = {self.faults}: at least 3f + 1 are needed")
        for member in self.members:
            if not LEAST_PPM <= member.score_ppm <= FULL_PPM:
                raise ValueError(f"score of {member.node} is {member.score_ppm}: expected {LEAST_PPM} to {FULL_PPM}")

    @classmethod
    def equal(cls, names: Iterable[str], faults: int) -> Self:
        """Members that all have the full score."""
        return cls(tuple(Member(name) for name in sorted(names)), faults)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All members, sorted."""
        return tuple(member.node for member in self.members)

    @cached_property
    def weights(self) -> Mapping[str, int]:
        """Vote weight of each member, 50 to 1000."""
        scores = [member.score_ppm // 1000 for member in self.members]
        return dict(zip(self.names, capped(scores, self.faults, share=3, limit=_WEIGHT_MAX), strict=True))

    @cached_property
    def total(self) -> int:
        """W, the weight of all."""
        return sum(self.weights.values())

    @cached_property
    def byzantine(self) -> int:
        """B, the weight that the f heaviest have together."""
        return heaviest(self.weights.values(), self.faults)

    def weight(self, nodes: Iterable[str]) -> int:
        """Weight of different nodes together; whoever is no member has none."""
        return sum(self.weights.get(node, 0) for node in set(nodes))

    @cached_property
    def strong_from(self) -> int:
        """The least weight of a strong quorum: 2 * votes > W + B."""
        return (self.total + self.byzantine) // 2 + 1

    @cached_property
    def weak_from(self) -> int:
        """The least weight of a weak quorum: votes > B."""
        return self.byzantine + 1

    def is_strong(self, nodes: Iterable[str]) -> bool:
        """A quorum that shares an honest node with every other such quorum."""
        return self.weight(nodes) >= self.strong_from

    def is_weak(self, nodes: Iterable[str]) -> bool:
        """At least one of these nodes is honest."""
        return self.weight(nodes) >= self.weak_from

    @property
    def enough_reports(self) -> int:
        """N - f: more cannot be waited for, since f may stay silent."""
        return len(self.members) - self.faults

    @property
    def slack(self) -> int:
        """Members beyond 3f + 1; with none, the weights are nearly equal whatever the scores."""
        return len(self.members) - (3 * self.faults + 1)

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """Who may lead: members that are not excluded, or all if those are too few."""
        trusted = tuple(member.node for member in self.members if member.score_ppm >= EXCLUDED_BELOW_PPM)
        return trusted if len(trusted) >= 2 * self.faults + 1 else self.names

    def leader(self, epoch: int, turn: int) -> str:
        """The leader of a round."""
        return self.leaders[(epoch + turn) % len(self.leaders)]

    def to_plain(self) -> dict[str, Any]:
        """For the canonical encoding."""
        return {"faults": self.faults, "members": [[member.node, member.score_ppm] for member in self.members]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """From what `to_plain` gave.

        Raises:
            ValueError: it is nothing of the kind.
        """
        try:
            members = tuple(Member(str(node), int(score)) for node, score in plain["members"])
            return cls(members, int(plain["faults"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no electorate: {error}") from error

    @cached_property
    def digest(self) -> str:
        """SHA-256 of members, scores and f."""
        return digest(self.to_plain())


def heaviest(weights: Iterable[int], count: int) -> int:
    """Sum of the largest weights."""
    return sum(sorted(weights, reverse=True)[:count])


def capped(weights: Sequence[int], faults: int, *, share: int, limit: int) -> list[int]:
    """Cut weights at the largest c <= limit with share * (sum of the f largest) < sum of all.

    Any c up to the least weight makes all equal, and then the condition is that of the plain count: share * f < N. As c
    rises the difference of the two sides first rises and then falls, so the admissible c are those up to a largest one.

    Args:
        weights: positive integers, or 0.
        faults: f.
        share: 3 for votes, 2 for medians.
        limit: the largest cap.

    Returns:
        Weights in the same order; all equal to the smaller of 1 and themselves when no cap fulfils the condition.
    """

    def admissible(cap: int) -> bool:
        cut = [min(weight, cap) for weight in weights]
        return share * heaviest(cut, faults) < sum(cut)

    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        if admissible(middle):
            low = middle
        else:
            high = middle - 1
    return [min(weight, low) for weight in weights]
