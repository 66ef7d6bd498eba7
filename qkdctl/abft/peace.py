"""Which pairs of nodes are in dispute: contradictions of this epoch, and earlier ones that are not over."""

from collections.abc import Iterable, Iterator

from qkdctl.evidence.edges import Edge
from qkdctl.evidence.relay_audit import KeyAudit
from qkdctl.records.dispute import Dispute
from qkdctl.records.facts import LinkTable

_Key = tuple[str, str, str]


def disputes(
    before: Iterable[Dispute], found: Iterable[Edge], audits: Iterable[KeyAudit], table: LinkTable
) -> tuple[Dispute, ...]:
    """Disputes after an epoch, sorted.

    A link is at peace again once its ends agreed in so many epochs (silence and empty records are no agreement); other
    disputes end with time alone.

    Args:
        before: of the epoch before; those about links that the table lacks are forgotten.
        found: all links in this epoch.
        audits: of relayed keys that failed.
        table: the agreed static facts.
    """
    left = {(entry.link, entry.one, entry.other): entry.agreed_epochs_left for entry in before}
    fresh = {*_contradicted(found := tuple(found)), *_between_relays(audits, table)}
    agreed = {_about(edge) for edge in found if edge.comparable}
    known = {_about(edge) for edge in found} | {key for key in left if not key[0]}
    after = {key: epochs - (key in agreed or not key[0]) for key, epochs in left.items() if key in known}
    after |= dict.fromkeys(fresh, table.rules.agreed_epochs)
    return tuple(
        Dispute(link=link, one=one, other=other, agreed_epochs_left=epochs)
        for (link, one, other), epochs in sorted(after.items())
        if epochs > 0
    )


def _contradicted(found: Iterable[Edge]) -> Iterator[_Key]:
    return (_about(edge) for edge in found if edge.contradicted)


def _between_relays(audits: Iterable[KeyAudit], table: LinkTable) -> Iterator[_Key]:
    """A hop whose ends opened different keys is every link that may have carried it."""
    for audit in audits:
        for dispute in audit.disputes:
            one, other = dispute.nodes
            links = [entry.link for entry in table.links if {entry.alice, entry.bob} == {one, other}]
            yield from ((link, one, other) for link in (links if dispute.reason == "hop" and links else [""]))


def _about(edge: Edge) -> _Key:
    one, other = sorted((edge.facts.alice, edge.facts.bob))
    return edge.facts.link, one, other
