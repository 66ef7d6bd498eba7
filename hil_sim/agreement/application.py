"""What the simulated nodes report and decide: small, but every decision moves scores, and planned ones the members."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from qkdctl.abft.chain import Chain
from qkdctl.abft.quorum import LEAST_PPM, Electorate, Member
from qkdctl.abft.value import Outcome
from qkdctl.records.encoding import canonical_bytes, digest

Scoring = Literal["kept", "moving"]


@dataclass(frozen=True, slots=True)
class Change:
    """Who joins and leaves by a decision, and the f from then on."""

    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    faults: int = 0


@dataclass(frozen=True, slots=True)
class SimulatedApplication:
    """Reports are a number; a decision is their sum, and the members of the epoch after the next.

    Attributes:
        changes: epoch of a decision -> change of members that it brings.
        scoring: scores stay as they are, or follow from the decision (liars' excepted, which stay the heaviest).
        heavy: nodes whose score never falls.
        skew: added to every sum: not 0 on a node with another policy file.
    """

    changes: Mapping[int, Change]
    scoring: Scoring
    heavy: frozenset[str]
    skew: int = 0

    @staticmethod
    def report(node: str, epoch: int, number: int, wall_ms: int) -> str:
        """Canonical text of a report."""
        return canonical_bytes({"node": node, "epoch": epoch, "number": number, "wall_ms": wall_ms}).decode()

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """A report is of its author and epoch."""
        try:
            plain = json.loads(content)
            return bool(
                plain["node"] == author
                and plain["epoch"] == epoch
                and isinstance(plain["number"], int)
                and isinstance(plain["wall_ms"], int)
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            return False

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """The sum of the reports, and what it means for the members.

        Raises:
            ValueError: a report is of somebody else.
        """
        for author, text in reports.items():
            if not self.admissible(chain.epoch, author, text):
                raise ValueError(f"what {author} reported is no report of its own")
        total = sum(json.loads(text)["number"] for text in reports.values()) + self.skew
        return Outcome({"sum": total}, self._next(chain, total))

    def _next(self, chain: Chain, total: int) -> Electorate:
        change = self.changes.get(chain.epoch)
        scores = {member.node: member.score_ppm for member in chain.following.members}
        faults = chain.following.faults
        if change is not None:
            scores = {node: score for node, score in scores.items() if node not in change.leaves}
            scores |= dict.fromkeys(change.joins, LEAST_PPM)
            faults = change.faults
        if self.scoring == "moving":
            scores = {node: self._score(node, score, chain.epoch, total) for node, score in scores.items()}
        return Electorate(tuple(Member(node, score) for node, score in sorted(scores.items())), faults)

    def _score(self, node: str, score: int, epoch: int, total: int) -> int:
        if node in self.heavy:
            return score
        drawn = int(digest({"node": node, "epoch": epoch, "sum": total})[:8], 16)
        return LEAST_PPM + drawn % (1_000_001 - LEAST_PPM)
