"""Everything that the two reports about one link say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qkdctl.evidence.claims import impossible
from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import Pair, match
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.report import EndReport, LinkReport, NodeReport
from qkdctl.records.session import End, SessionRecord

ENDS: tuple[End, ...] = ("alice", "bob")


@dataclass(frozen=True, slots=True)
class Edge:
    """One link in one epoch.

    Attributes:
        facts: of the link.
        pairs: sessions that both ends reported and that can be true.
        impossible: ends that made a claim that cannot be true, with the first test that it failed.
        waiting: records that the other end may still report, per end.
        row: the agreed row; None when nothing was heard of its settings.
    """

    facts: LinkFacts
    alice: EndReport | None
    bob: EndReport | None
    pairs: tuple[Pair, ...]
    impossible: Mapping[End, str]
    waiting: Mapping[End, tuple[SessionRecord, ...]]
    row: LinkReport | None

    @property
    def comparable(self) -> bool:
        """Both ends reported the same session."""
        return bool(self.pairs)

    @property
    def contradicted(self) -> bool:
        """They did not report it alike."""
        return not all(pair.equal for pair in self.pairs)


def edges(
    reports: Sequence[NodeReport], pending: Mapping[tuple[str, End], Sequence[SessionRecord]], table: LinkTable
) -> tuple[Edge, ...]:
    """All links of the table, in its order.

    What a node reports about an end that is not its own is ignored.

    Args:
        reports: one per node, all of one epoch.
        pending: records that waited for the other end, per link and end.
        table: the agreed static facts.
    """
    said = {(report.node, end.link, end.end): end for report in reports for end in report.ends}
    return tuple(
        _edge(
            facts,
            said.get((facts.alice, facts.link, "alice")),
            said.get((facts.bob, facts.link, "bob")),
            pending,
        )
        for facts in table.links
    )


def _edge(
    facts: LinkFacts,
    alice: EndReport | None,
    bob: EndReport | None,
    pending: Mapping[tuple[str, End], Sequence[SessionRecord]],
) -> Edge:
    wrong: dict[End, str] = {}
    new: dict[End, tuple[SessionRecord, ...]] = {}
    for end, report in zip(ENDS, (alice, bob), strict=True):
        sessions = () if report is None else report.sessions
        found = {record.sequence: impossible(facts, record) for record in sessions}
        new[end] = tuple(record for record in sessions if not found[record.sequence])
        if report is not None and report.trusted and (why := next(filter(None, found.values()), "")):
            wrong[end] = why
    matched = match(
        pending.get((facts.link, "alice"), ()), new["alice"], pending.get((facts.link, "bob"), ()), new["bob"]
    )
    return Edge(
        facts=facts,
        alice=alice,
        bob=bob,
        pairs=matched.pairs,
        impossible=wrong,
        waiting={"alice": matched.waiting_alice, "bob": matched.waiting_bob},
        row=link_row(facts, alice, bob, matched.pairs),
    )
