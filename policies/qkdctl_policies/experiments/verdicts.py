"""Verdicts on claims, by rules that are fixed before anything is measured.

A claim holds where the whole 95 % interval lies on its side. It holds "where" it does in some settings and not in all.
What rows do not show is not measured, whatever else is known of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from qkdctl_policies.experiments.scores import Score

HOLDS, PARTLY, FAILS, UNKNOWN = "holds", "holds where", "does not hold", "not measured yet"
LEAST_SEEDS: Final = 3
"""Fewer give no interval that means anything."""
MANY_SEEDS: Final = 10
"""Of fewer, intervals of redrawn seeds hold less than they say."""

OnItsSide = Callable[[float, float], bool]
"""Whether an interval, from low to high, lies on the side of a claim."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured value of a claim.

    Attributes:
        where: setting, or protocol and basis.
        value: share; `low` to `high` is the interval that holds 95 %.
        holds: whether all of it lies on the side of the claim.
        unit: `share`, `exponent` of a power law, or `seeds` for a share that has no interval.
    """

    where: str
    value: float
    low: float
    high: float
    holds: bool
    unit: Literal["share", "exponent", "seeds"] = "share"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes:
        claim: of the paper.
        definition: what is measured for it here.
        findings: one for each setting; none when it is not measured.
        why: it is not measured.
    """

    claim: str
    definition: str
    findings: tuple[Finding, ...]
    why: str = ""

    @property
    def verdict(self) -> str:
        """By the rules of this module."""
        good = sum(finding.holds for finding in self.findings)
        if not self.findings:
            return UNKNOWN
        return HOLDS if good == len(self.findings) else PARTLY if good else FAILS

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"verdict": self.verdict}


def judged(
    claim: str, definition: str, scores: Iterable[tuple[str, Score | None]], holds: OnItsSide, why: str = ""
) -> Claim:
    """A claim judged by the intervals of the scores of places, see `claim_of`.

    Args:
        claim: of the paper.
        definition: what the scores are.
        scores: each with its place.
        holds: whether an interval is on the side of the claim.
        why: there is no score; by default that there are too few seeds.
    """

    def finding(where: str, score: Score) -> Finding:
        found = score.interval()
        return Finding(where, found.mean, found.low, found.high, holds(found.low, found.high))

    return claim_of(claim, definition, scores, finding, why)


def claim_of(
    claim: str,
    definition: str,
    scores: Iterable[tuple[str, Score | None]],
    finding: Callable[[str, Score], Finding],
    why: str = "",
) -> Claim:
    """A claim with a finding for each score, those of too few seeds left out; see `judged` for the arguments."""
    enough = [(where, score) for where, score in scores if score is not None and score.above.size >= LEAST_SEEDS]
    findings = tuple(finding(where, score) for where, score in enough)
    reason = why or f"no setting has rows of {LEAST_SEEDS} seeds or more"
    return Claim(claim, definition, findings, "" if findings else reason)
