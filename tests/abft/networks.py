"""Small networks whose nodes report equal or contradicting records, epoch by epoch."""

from collections.abc import Iterable
from typing import Any

from qkdctl.abft.quorum import Electorate, Member
from qkdctl.abft.snapshot import next_state
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import End
from qkdctl.records.standing import NodeStanding
from tests.records.samples import end_report, facts, report, session

Edges = Iterable[tuple[int, int]]


def ring(count: int) -> list[tuple[int, int]]:
    """Each node with the next one."""
    return [(number, (number + 1) % count) for number in range(count)]


def complete(count: int) -> list[tuple[int, int]]:
    """Each node with every other one."""
    return [(one, other) for one in range(count) for other in range(one + 1, count)]


def names(table: LinkTable) -> list[str]:
    """Nodes of a table, sorted."""
    return sorted({node for entry in table.links for node in entry.nodes})


class Play:
    """Nodes that report, and the state that follows.

    Args:
        edges: pairs of node numbers, one link each.
        faults: f.

    Attributes:
        forged: (node, link) whose reports contradict the other end.
    """

    def __init__(self, edges: Edges, faults: int, **fact_changes: Any) -> None:
        ends = sorted((f"node-{min(pair)}", f"node-{max(pair)}") for pair in edges)
        entries = [facts(f"{one}-{other}", alice=one, bob=other, **fact_changes) for one, other in ends]
        self.table = LinkTable(epoch_ms=1_000, links=tuple(sorted(entries, key=lambda entry: entry.link)))
        self.electorate = Electorate.equal(names(self.table), faults)
        self.state: NetworkState | None = None
        self.forged: set[tuple[str, str]] = set()
        self.epoch = 0

    def lie(self, liar: str, *others: str) -> None:
        """From now on the liar contradicts these neighbours on every link to them."""
        for entry in self.table.links:
            if {entry.alice, entry.bob} in [{liar, other} for other in others]:
                self.forged.add((liar, entry.link))

    def stop_lying(self) -> None:
        """Everybody is honest from now on."""
        self.forged.clear()

    def reports(self, **changes: Any) -> list[NodeReport]:
        """What all nodes say about the next epoch, in order of their names."""
        number = self.epoch + 1
        ends: dict[str, list[EndReport]] = {node: [] for node in self.electorate.names}
        for entry in self.table.links:
            both: tuple[End, End] = ("alice", "bob")
            for end in both:
                node = entry.node(end)
                made = session(number, end, entry.link)
                if (node, entry.link) in self.forged:
                    made = made.model_copy(update={"secret_key_bits": made.secret_key_bits - 1_000})
                ends[node].append(end_report(made, end=end, link=entry.link))
        return [report(number, *ends[node], node=node, **changes) for node in self.electorate.names]

    def step(self, reports: list[NodeReport]) -> NetworkState:
        """One epoch with these reports."""
        self.state = next_state(self.state, reports, self.table, self.electorate)
        scores = {entry.node: entry.score_ppm for entry in self.state.standings}
        members = tuple(Member(node, scores[node]) for node in self.electorate.names)
        self.electorate = Electorate(members, self.electorate.faults)
        self.epoch = self.state.epoch
        return self.state

    def run(self, epochs: int) -> NetworkState:
        """So many epochs in which everybody reports."""
        for _ in range(epochs):
            self.step(self.reports())
        assert self.state is not None
        return self.state

    def standing(self, node: str) -> NodeStanding:
        """Of one node now."""
        assert self.state is not None
        return next(entry for entry in self.state.standings if entry.node == node)
