"""What is blamed on whom: verdicts of one epoch from agreed evidence only.

Both ends share the evidence of a link, so the rule must not let drift, or one liar, slander an honest node. Nothing
that both ends agree on is blamed on a node: a high error rate is the link's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

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
    found = (
        *_torn(evidence.disputes, electorate.faults),
        *_suspects(evidence),
        *_impossible(evidence.edges),
        *_corrupting(evidence.audits),
        *_strayed(evidence),
        *_accused(evidence.reports, electorate),
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


def _suspects(evidence: Evidence) -> Iterator[Verdict]:
    """At least two counterparts contradict a node, and they hold more than half of the trust of all counterparts."""
    disputed = {entry.link for entry in evidence.disputes}
    heard = [edge.facts for edge in evidence.edges if edge.comparable]
    across = _counterparts((facts.alice, facts.bob) for facts in heard)
    against = _counterparts((facts.alice, facts.bob) for facts in heard if facts.link in disputed)
    for node, others in against.items():
        weight = sum(evidence.trust_ppm[other] for other in others)
        if len(others) >= 2 and 2 * weight > sum(evidence.trust_ppm[other] for other in across[node]):
            yield Verdict(node=node, error_permille=HALF, cause="suspicion", subject="", number=len(others))


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
