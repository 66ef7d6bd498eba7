"""Everything that the two reports about one link say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qkdctl.evidence.claims import impossible_silence, sifted
from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import Pair, match
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.key_account import KeyAccount
from qkdctl.records.report import EndReport, LinkReport, NodeReport
from qkdctl.records.session import End, SessionRecord

ENDS: tuple[End, ...] = ("alice", "bob")
Pending = Mapping[tuple[str, End], Sequence[SessionRecord]]
"""Records that waited for the other end, per link and end."""
Accounts = Mapping[tuple[str, End], KeyAccount]
"""What ends claimed of their key blocks, per link and end."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One link in one epoch.

    Attributes:
        facts: of the link.
        pairs: sessions that both ends reported and that can be true.
        impossible: ends that vouched for claims that cannot be true, with the number of those.
        waiting: records that the other end may still report, per end.
        accounts: of the key blocks, of the ends that ever reported a record.
        row: the agreed row; None when nothing was heard of its settings.
    """

    facts: LinkFacts
    alice: EndReport | None
    bob: EndReport | None
    pairs: tuple[Pair, ...]
    impossible: Mapping[End, int]
    waiting: Mapping[End, tuple[SessionRecord, ...]]
    accounts: tuple[KeyAccount, ...]
    row: LinkReport | None

    @property
    def comparable(self) -> bool:
        """Both ends reported a session in which something was counted; to agree on nothing says nothing."""
        return any(pair.alice.clicks or pair.bob.clicks for pair in self.pairs)

    @property
    def contradicted(self) -> bool:
        """They did not report it alike."""
        return not all(pair.equal for pair in self.pairs)


def edges(reports: Sequence[NodeReport], pending: Pending, accounts: Accounts, table: LinkTable) -> tuple[Edge, ...]:
    """All links of the table, in its order.

    What a node reports about an end that is not its own is ignored.

    Args:
        reports: one per node, all of one epoch.
        pending: from the epoch before.
        accounts: from the epoch before.
        table: the agreed static facts.
    """
    said = {(report.node, end.link, end.end): end for report in reports for end in report.ends}
    return tuple(
        _edge(
            facts,
            said.get((facts.alice, facts.link, "alice")),
            said.get((facts.bob, facts.link, "bob")),
            pending,
            accounts,
        )
        for facts in table.links
    )


def _edge(
    facts: LinkFacts, alice: EndReport | None, bob: EndReport | None, pending: Pending, accounts: Accounts
) -> Edge:
    wrong: dict[End, int] = {}
    new: dict[End, tuple[SessionRecord, ...]] = {}
    known: list[KeyAccount] = []
    for end, report in zip(ENDS, (alice, bob), strict=True):
        sessions = () if report is None else report.sessions
        new[end], complaints, account = sifted(facts, sessions, accounts.get((facts.link, end)))
        known += [] if account is None else [account]
        if report is not None and report.trusted and (count := len(complaints) + bool(impossible_silence(report))):
            wrong[end] = count
    waiting = [pending.get((facts.link, end), ()) for end in ENDS]
    matched = match(waiting[0], new["alice"], waiting[1], new["bob"])
    return Edge(
        facts=facts,
        alice=alice,
        bob=bob,
        pairs=matched.pairs,
        impossible=wrong,
        waiting={"alice": matched.waiting_alice, "bob": matched.waiting_bob},
        accounts=tuple(known),
        row=link_row(facts, alice, bob, matched.pairs),
    )
