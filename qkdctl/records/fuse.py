"""From agreed reports to the next network state, in integer arithmetic only."""

from collections.abc import Iterable, Sequence

from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.history import next_link, silent_link, unseen_link
from qkdctl.records.network import LinkState, NetworkState, NodeTrust
from qkdctl.records.report import LinkReport, NodeReport

FULL_TRUST_PPM = 1_000_000


def next_state(previous: NetworkState | None, reports: Sequence[NodeReport], table: LinkTable) -> NetworkState:
    """Advance the state by the reports of one epoch.

    Every link of the table gets a row; one that nobody reported keeps its last measurements, marked invalid.
    Links outside the table are ignored.

    Args:
        previous: state of an earlier epoch, None at the start.
        reports: one per node, all of the same epoch; their order has no effect.
        table: the agreed static facts.

    Raises:
        ValueError: without a report, when epochs differ or do not rise, or when a link is reported twice.
    """
    if not reports:
        raise ValueError("no report: a state needs at least one")
    epochs = sorted({report.epoch for report in reports})
    if len(epochs) > 1:
        raise ValueError(f"reports of different epochs {epochs} cannot make one state")
    if previous is not None and epochs[0] <= previous.epoch:
        raise ValueError(f"epoch {epochs[0]} does not follow epoch {previous.epoch}")
    elapsed = 1 if previous is None else epochs[0] - previous.epoch
    rows = _by_link(reports)
    known = {} if previous is None else {link.link: link for link in previous.links}

    def advance(facts: LinkFacts) -> LinkState:
        old = known.get(facts.link) or unseen_link(facts)
        row = rows.get(facts.link)
        if row is None:
            return silent_link(old, elapsed, table.epoch_ms)
        return next_link(old, row, facts, elapsed)

    links = tuple(advance(facts) for facts in table.links)
    return NetworkState(epoch=epochs[0], links=links, trust=_trust(previous, reports, table))


def _by_link(reports: Iterable[NodeReport]) -> dict[str, LinkReport]:
    rows: dict[str, LinkReport] = {}
    for report in reports:
        for row in report.links:
            if row.link in rows:
                raise ValueError(f"link {row.link} is reported twice in epoch {report.epoch}, again by {report.node}")
            rows[row.link] = row
    return rows


def _trust(previous: NetworkState | None, reports: Iterable[NodeReport], table: LinkTable) -> tuple[NodeTrust, ...]:
    known = {} if previous is None else {entry.node: entry.trust_ppm for entry in previous.trust}
    present = {report.node for report in reports} | {node for facts in table.links for node in facts.nodes}
    return tuple(
        NodeTrust(node=node, trust_ppm=known.get(node, FULL_TRUST_PPM)) for node in sorted(present | set(known))
    )
