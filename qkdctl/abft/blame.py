"""What is blamed on whom: verdicts of one epoch from agreed evidence only.

Both ends share the evidence of a link, so the rule must not let drift, or one liar, slander an honest node. Nothing
that both ends agree on is blamed on a node: a high error rate is the link's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from qkdctl.abft.quorum import Electorate
from qkdctl.evidence.edges import ENDS, Edge
from qkdctl.evidence.relay_audit import KeyAudit
from qkdctl.evidence.set_point import strays
from qkdctl.records.dispute import Dispute
from qkdctl.records.network import LinkState
from qkdctl.records.report import NodeReport
from qkdctl.records.standing import Verdict

FULL = 1000
HALF = 500
SLIGHT = 200


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdicts of one epoch rest on.

    Attributes:
        edges: all links in this epoch.
        disputes: of this epoch and of earlier ones.
        audits: of relayed keys that failed.
        links: state of the links before this epoch, by name.
        reports: one per node.
        absent: members whose report of the epoch before is not in its snapshot.
        trust_ppm: of each node before this epoch.
    """

    edges: tuple[Edge, ...]
    disputes: tuple[Dispute, ...]
    audits: tuple[KeyAudit, ...]
    links: Mapping[str, LinkState]
    reports: Sequence[NodeReport]
    absent: AbstractSet[str]
    trust_ppm: Mapping[str, int]


def verdicts(evidence: Evidence, electorate: Electorate) -> tuple[Verdict, ...]:
    """All verdicts of one epoch, sorted.

    Args:
        evidence: agreed.
        electorate: who decides in this epoch.
    """
    proven = (
        *_torn(evidence.disputes, electorate.faults),
        *_impossible(evidence.edges),
        *_corrupting(evidence.audits),
        *_accused(evidence.reports, electorate),
    )
    found = (
        *proven,
        *_suspects(evidence, {verdict.node for verdict in proven}),
        *_strayed(evidence),
        *_late(evidence, electorate),
    )
    return tuple(sorted(found, key=lambda verdict: tuple(verdict.to_plain().values())))


def conduct_error(found: Iterable[Verdict], node: str) -> int:
    """The largest error of a node that lowers its score, in per mille."""
    return max((v.error_permille for v in found if v.node == node and v.cause != "suspicion"), default=0)


def trust_error(found: Iterable[Verdict], node: str) -> int:
    """The largest error of a node that lowers its trust, in per mille."""
    return max((v.error_permille for v in found if v.node == node), default=0)


def _torn(disputes: Iterable[Dispute], faults: int) -> Iterator[Verdict]:
    """In dispute with more than f others, and more than one: f liars cannot cause that."""
    for node, others in _counterparts((entry.one, entry.other) for entry in disputes).items():
        if len(others) > max(faults, 1):
            yield Verdict(node=node, error_permille=FULL, cause="disputed-edges", subject="", number=len(others))


def _suspects(evidence: Evidence, proven: AbstractSet[str]) -> Iterator[Verdict]:
    """At least two counterparts contradict a node, and they hold more than half of the trust of all counterparts.

    What proven liars say counts for nobody else. Of the others those come first who are contradicted by the largest
    share, all with the same share at once, and what they say counts no more for those after them: who is contradicted
    by liars alone, whom most others contradict too, is not suspect.
    """
    word = _Word.of(evidence)
    yield from word.suspicions(word.against.keys() & proven)
    word = word.without(proven)
    while first := word.most_contradicted():
        yield from word.suspicions(first)
        word = word.without(first)


@dataclass(frozen=True, slots=True)
class _Word:
    """Whose word stands against whose, among nodes that are believed.

    Attributes:
        across: counterparts of each node whose records could be compared; against: those of them in dispute with it.
        trust_ppm: of each node before this epoch.
    """

    across: Mapping[str, AbstractSet[str]]
    against: Mapping[str, AbstractSet[str]]
    trust_ppm: Mapping[str, int]

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Everybody's."""
        disputed = {entry.link for entry in evidence.disputes}
        heard = [edge.facts for edge in evidence.edges if edge.comparable]
        ends = [(facts.alice, facts.bob) for facts in heard]
        contradicted = [(facts.alice, facts.bob) for facts in heard if facts.link in disputed]
        return cls(_counterparts(ends), _counterparts(contradicted), evidence.trust_ppm)

    def without(self, nodes: AbstractSet[str]) -> Self:
        """The same without the word of some, who are not judged any more either."""
        across, against = (
            {node: others - nodes for node, others in table.items() if node not in nodes}
            for table in (self.across, self.against)
        )
        return type(self)(across, against, self.trust_ppm)

    def share(self, node: str) -> Fraction:
        """Share of the trust of all its counterparts that contradicts a node; 0 where that makes it no suspect."""
        against, whole = (sum(self.trust_ppm[other] for other in t[node]) for t in (self.against, self.across))
        suspect = len(self.against[node]) >= 2 and 2 * against > whole
        return Fraction(against, whole) if suspect else Fraction(0)

    def most_contradicted(self) -> AbstractSet[str]:
        """The suspects of the largest share; none without suspects."""
        shares = {node: self.share(node) for node in self.against}
        largest = max(shares.values(), default=Fraction(0))
        return {node for node, share in shares.items() if share == largest > 0}

    def suspicions(self, nodes: AbstractSet[str]) -> Iterator[Verdict]:
        """On those of some nodes that are suspects."""
        for node in sorted(node for node in nodes if self.share(node)):
            number = len(self.against[node])
            yield Verdict(node=node, error_permille=HALF, cause="suspicion", subject="", number=number)


def _corrupting(audits: Sequence[KeyAudit]) -> Iterator[Verdict]:
    for node in sorted({blame.node for audit in audits for blame in audit.blamed}):
        keys = sum(any(blame.node == node for blame in audit.blamed) for audit in audits)
        yield Verdict(node=node, error_permille=FULL, cause="relay-corruption", subject="", number=keys)


def _impossible(edges: Iterable[Edge]) -> Iterator[Verdict]:
    for edge in edges:
        for end in ENDS:
            if end in edge.impossible:
                yield Verdict(
                    node=edge.facts.node(end),
                    error_permille=FULL,
                    cause="impossible-claim",
                    subject=edge.facts.link,
                    number=edge.impossible[end],
                )


def _strayed(evidence: Evidence) -> Iterator[Verdict]:
    for edge in evidence.edges:
        before = evidence.links.get(edge.facts.link)
        if edge.alice is not None and before is not None and strays(edge.facts, before, edge.alice):
            yield Verdict(
                node=edge.facts.alice,
                error_permille=SLIGHT,
                cause="set-point",
                subject=edge.facts.link,
                number=edge.alice.measured_mean_photon_number_e6,
            )


def _accused(reports: Sequence[NodeReport], electorate: Electorate) -> Iterator[Verdict]:
    """Accused of the same by nodes of which one at least is honest."""
    charges = sorted({entry.order for report in reports for entry in report.accusations})
    for charge in charges:
        accusers = [report.node for report in reports if any(entry.order == charge for entry in report.accusations)]
        node, _, _, subject = charge
        if node not in accusers and electorate.is_weak(accusers):
            weight = electorate.weight(accusers)
            yield Verdict(node=node, error_permille=FULL, cause="accused", subject=subject, number=weight)


def _late(evidence: Evidence, electorate: Electorate) -> Iterator[Verdict]:
    """Not in the last snapshot and called late by a strong quorum; absence alone may be the leader's doing."""
    for node in sorted(evidence.absent):
        callers = [report.node for report in evidence.reports if node in report.late]
        if electorate.is_strong(callers):
            weight = electorate.weight(callers)
            yield Verdict(node=node, error_permille=SLIGHT, cause="late-report", subject="", number=weight)


def _counterparts(ends: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Whom each node shares one of these links with, itself excepted."""
    across: dict[str, set[str]] = {}
    for alice, bob in ends:
        if alice != bob:
            across.setdefault(alice, set()).add(bob)
            across.setdefault(bob, set()).add(alice)
    return across
