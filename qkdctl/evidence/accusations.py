"""Claims that no photon numbers explain: a test with floats, run by every node for itself.

Its outcome may differ in the last bit from computer to computer, so it is no part of the agreed state: it crosses as an
accusation in the node's next report, and counts once nodes that contain an honest one make it.

A quick test passes nearly all honest claims. What it leaves takes a linear program, of which no epoch gets more than a
few, however much liars claim. Which, the lot draws: equal at all nodes, so that they accuse together, and unknown when
claims are made, so that none is safe. A claim within a rounding error of what the quick test passes may be drawn at
some nodes only; that may spare another claim for an epoch, and accuses nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from qkdctl.evidence.decoy_claims import DecoyClaim, decoy_claims, unusual
from qkdctl.records.accusation import Accusation
from qkdctl.records.facts import LinkTable
from qkdctl.records.report import NodeReport

ACCUSING = 1e-12
"""Probability of accusing an honest claim, per setting of the source in one report of one end."""
OWN = 1e-9
"""The same when a node tests its own records: larger, so that what it reports no other node's rounding condemns."""
SETTINGS_TESTED = 2
"""Of the source, per end and epoch: an honest end has one, and two in an epoch in which it changes."""
NODES_SOLVED = 2
"""Of which one claim each may take a linear program in one epoch, 5 to 10 ms each."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A claim, who made it, and its place among all by lot."""

    node: str
    epoch: int
    link: str
    claim: DecoyClaim
    place: bytes


def accusations(me: str, reports: Iterable[NodeReport], table: LinkTable, lot: str) -> tuple[Accusation, ...]:
    """What a node has to accuse others of after an agreed snapshot, sorted.

    Ends that do not vouch for their records are not accused of them.

    Args:
        me: the node, which does not accuse itself.
        reports: of the snapshot, one per node.
        table: the agreed static facts.
        lot: equal at all nodes, and unknown before the reports were made, such as the digest of the decision.
    """
    made = [one for report in reports for one in _made(report, table, lot)]
    suspects = [made[number] for number in unusual([one.claim for one in made], ACCUSING)]
    found = {
        Accusation(node=one.node, kind="impossible-claim", epoch=one.epoch, subject=one.link)
        for one in _drawn(suspects, lot)
        if one.node != me and not one.claim.is_explained(ACCUSING)
    }
    return tuple(sorted(found, key=lambda entry: entry.order))


def _made(report: NodeReport, table: LinkTable, lot: str) -> Iterator[_Made]:
    """Claims of a node that it vouches for, of its own ends only, as many as are tested."""
    facts = {entry.link: entry for entry in table.links}
    for end in report.ends:
        if end.trusted == 1 and end.link in facts and facts[end.link].node(end.end) == report.node:
            claims = [
                _Made(
                    report.node,
                    report.epoch,
                    end.link,
                    claim,
                    _place(lot, end.link, end.end, str(claim.mean_photon_numbers_e6)),
                )
                for claim in decoy_claims(facts[end.link], end.sessions)
            ]
            yield from sorted(claims, key=lambda one: one.place)[:SETTINGS_TESTED]


def _drawn(suspects: Sequence[_Made], lot: str) -> list[_Made]:
    """One claim of each of a few nodes, so that many of one node hide neither each other nor those of another."""
    first: dict[str, _Made] = {}
    for one in sorted(suspects, key=lambda one: one.place):
        first.setdefault(one.node, one)
    return [first[node] for node in sorted(first, key=lambda node: _place(lot, node))[:NODES_SOLVED]]


def _place(*names: str) -> bytes:
    return sha256("\n".join(names).encode()).digest()
