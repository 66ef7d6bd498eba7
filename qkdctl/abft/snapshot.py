"""From agreed reports to the next network state, in integer arithmetic only."""

from collections.abc import Iterable, Sequence

from qkdctl.abft.blame import Evidence, verdicts
from qkdctl.abft.medians import data_weights, weighted_median
from qkdctl.abft.peace import disputes
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.standing import beginners, standings
from qkdctl.evidence.edges import ENDS, Accounts, Edge, Pending, edges
from qkdctl.evidence.relay_audit import audit_relays
from qkdctl.records.dispute import PendingSessions
from qkdctl.records.facts import LinkTable
from qkdctl.records.history import next_links
from qkdctl.records.network import NetworkState
from qkdctl.records.report import NodeReport
from qkdctl.records.standing import NodeStanding


def next_state(
    previous: NetworkState | None, reports: Sequence[NodeReport], table: LinkTable, electorate: Electorate
) -> NetworkState:
    """Advance the state by the reports of one epoch.

    Every link of the table gets a row; one of which nothing was heard keeps its last measurements, marked invalid. What
    a node says about links outside the table, or about ends that are not its own, is ignored.

    Args:
        previous: state of an earlier epoch, None at the start.
        reports: at most one per member, all of the same epoch; their order has no effect.
        table: the agreed static facts.
        electorate: who decides in this epoch.

    Raises:
        ValueError: without a report, when epochs differ or do not rise, with two reports of one node, or with one of a
            node that is no member.
    """
    epoch = _epoch(previous, reports, electorate)
    reports = sorted(reports, key=lambda report: report.node)
    before = beginners(table, electorate) if previous is None else {entry.node: entry for entry in previous.standings}
    old_links = () if previous is None else previous.links
    found_edges = edges(reports, _pending(previous), _accounts(previous), table)
    audits = audit_relays(((report.node, view) for report in reports for view in report.relays), electorate.is_weak)
    torn = disputes(() if previous is None else previous.disputes, found_edges, audits, table)
    found = verdicts(
        Evidence(
            edges=found_edges,
            disputes=torn,
            audits=audits,
            links={link.link: link for link in old_links},
            reports=reports,
            absent=set() if previous is None else set(previous.absent),
            trust_ppm={node: standing.trust_ppm for node, standing in before.items()},
        ),
        electorate,
    )
    rows = tuple(edge.row for edge in found_edges if edge.row is not None)
    after = standings(before, found, rows, table, electorate)
    return NetworkState(
        epoch=epoch,
        wall_ms=_wall_ms(reports, after, electorate),
        links=next_links(old_links, rows, table, 1 if previous is None else epoch - previous.epoch),
        rows=rows,
        standings=after,
        disputes=torn,
        pending=tuple(_waiting(found_edges)),
        accounts=tuple(account for edge in found_edges for account in edge.accounts),
        absent=tuple(node for node in electorate.names if node not in {report.node for report in reports}),
        verdicts=found,
    )


def _epoch(previous: NetworkState | None, reports: Sequence[NodeReport], electorate: Electorate) -> int:
    if not reports:
        raise ValueError("no report: a state needs at least one")
    epochs = sorted({report.epoch for report in reports})
    if len(epochs) > 1:
        raise ValueError(f"reports of different epochs {epochs} cannot make one state")
    if previous is not None and epochs[0] <= previous.epoch:
        raise ValueError(f"epoch {epochs[0]} does not follow epoch {previous.epoch}")
    names = sorted(report.node for report in reports)
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two reports of {', '.join(sorted(repeated))} in epoch {epochs[0]}")
    if strangers := set(names) - set(electorate.names):
        raise ValueError(f"{', '.join(sorted(strangers))} reported but is no member; members are {electorate.names}")
    return epochs[0]


def _pending(previous: NetworkState | None) -> Pending:
    return {} if previous is None else {(entry.link, entry.end): entry.sessions for entry in previous.pending}


def _accounts(previous: NetworkState | None) -> Accounts:
    return {} if previous is None else {(entry.link, entry.end): entry for entry in previous.accounts}


def _waiting(found: Iterable[Edge]) -> Iterable[PendingSessions]:
    for edge in found:
        for end in ENDS:
            if edge.waiting[end]:
                yield PendingSessions(link=edge.facts.link, end=end, sessions=edge.waiting[end])


def _wall_ms(reports: Sequence[NodeReport], after: Iterable[NodeStanding], electorate: Electorate) -> int:
    weights = {standing.node: standing.data_weight_e6 for standing in after}
    capped = data_weights([weights[report.node] for report in reports], electorate.faults)
    return weighted_median(zip((report.wall_ms for report in reports), capped, strict=True))
