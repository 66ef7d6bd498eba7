"""Verdicts on claims, by rules that are fixed before anything is measured.

A claim holds where the whole 95 % interval lies on its side. It holds "where" it does in some settings and not in all.
An interval with the limit inside shows nothing, and takes more seeds. What rows do not show is not measured, whatever
else is known of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from qkdctl_policies.experiments.score import Score

HOLDS, PARTLY, FAILS, OPEN, UNKNOWN = "holds", "holds where", "does not hold", "not shown", "not measured yet"
LEAST_SEEDS: Final = 3
"""Fewer give no interval that means anything."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The side of a value on which a claim says that results lie.

    Attributes:
        value: in the unit of the results; on the side itself unless `strict`.
        least: whether they are to be above, or below.
    """

    value: float
    least: bool
    strict: bool = False

    def holds(self, low: float, high: float) -> bool:
        """Whether an interval lies on this side with all of it."""
        edge = low if self.least else high
        if edge == self.value:
            return not self.strict
        return (edge > self.value) == self.least

    def is_inside(self, low: float, high: float) -> bool:
        """Whether an interval lies on both sides of it."""
        return low < self.value < high


def at_least(value: float) -> Limit:
    """This and above."""
    return Limit(value, least=True)


def at_most(value: float) -> Limit:
    """This and below."""
    return Limit(value, least=False)


def below(value: float) -> Limit:
    """Below, this not included."""
    return Limit(value, least=False, strict=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured value of a claim.

    Attributes:
        where: setting, or protocol and basis.
        value: share; `low` to `high` is the interval that holds 95 %.
        holds: whether all of it lies on the side of the claim.
        unit: `share`, `exponent` of a power law, or `seeds` for a share that has no interval.
        seeds: that it rests on, of stories or of trainings; 0 where there are none.
    """

    where: str
    value: float
    low: float
    high: float
    holds: bool
    unit: Literal["share", "exponent", "seeds"] = "share"
    seeds: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes:
        claim: of the paper.
        definition: what is measured for it here.
        limit: of the findings that hold.
        findings: one for each setting; none when it is not measured.
        why: it is not measured.
    """

    claim: str
    definition: str
    limit: Limit
    findings: tuple[Finding, ...]
    why: str = ""

    @property
    def verdict(self) -> str:
        """By the rules of this module."""
        found = [self.status(finding) for finding in self.findings]
        if not found:
            return UNKNOWN
        if "yes" in found:
            return PARTLY if {"no", "open"} & set(found) else HOLDS
        return FAILS if "no" in found else OPEN

    def status(self, finding: Finding) -> Literal["yes", "no", "open"]:
        """Whether it holds there, does not, or the interval shows neither."""
        if finding.holds:
            return "yes"
        return "open" if self.limit.is_inside(finding.low, finding.high) else "no"

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        findings = [asdict(finding) | {"status": self.status(finding)} for finding in self.findings]
        return asdict(self) | {"findings": findings, "verdict": self.verdict}


def judged(
    claim: str, definition: str, limit: Limit, scores: Iterable[tuple[str, Score | None]], why: str = ""
) -> Claim:
    """A claim judged by the intervals of the scores of places, see `claim_of`.

    Args:
        claim: of the paper.
        definition: what the scores are.
        limit: on whose side they are to lie.
        scores: each with its place.
        why: there is no score; by default that there are too few seeds.
    """

    def finding(where: str, score: Score) -> Finding:
        found = score.interval()
        holds = limit.holds(found.low, found.high)
        return Finding(where, found.mean, found.low, found.high, holds, seeds=score.above.size)

    return claim_of(claim, definition, limit, scores, finding, why)


def claim_of(
    claim: str,
    definition: str,
    limit: Limit,
    scores: Iterable[tuple[str, Score | None]],
    finding: Callable[[str, Score], Finding],
    why: str = "",
) -> Claim:
    """A claim with a finding for each score, those of too few seeds left out; see `judged` for the arguments."""
    enough = [(where, score) for where, score in scores if score is not None and score.above.size >= LEAST_SEEDS]
    findings = tuple(finding(where, score) for where, score in enough)
    reason = why or f"no setting has rows of {LEAST_SEEDS} seeds or more"
    return Claim(claim, definition, limit, findings, "" if findings else reason)
