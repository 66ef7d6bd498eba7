"""What a feature may look at: one link, its static facts, and the trust of its nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qkdctl.policy.integers import product_ratio
from qkdctl.policy.limits import highest_allowed_e6
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState


@dataclass(frozen=True)
class LinkView:
    """One row of the observation before it is put into numbers.

    Attributes:
        trust_ppm: trust of the nodes of the link, in the order of the facts.
        epoch_ms: length of an epoch.
    """

    state: LinkState
    facts: LinkFacts
    trust_ppm: tuple[int, ...]
    epoch_ms: int

    @property
    def qber_limit_ppm(self) -> int:
        """QBER limit of the active protocol; 0, which leaves no margin, for one the link does not have."""
        protocol = self.facts.protocol(self.state.protocol)
        return 0 if protocol is None else protocol.qber_limit_ppm

    @property
    def highest_allowed_e6(self) -> int:
        """Highest mean photon number that may be commanded under the active protocol; 0 for an unknown one."""
        protocol = self.facts.protocol(self.state.protocol)
        return 0 if protocol is None else highest_allowed_e6(self.facts, protocol)

    @property
    def background_qber_ppm(self) -> int:
        """Part of the QBER that background clicks explain: half of their share, from the vacuum intensity."""
        return int(background_qber_ppm(self.state))

    @property
    def trust_least_ppm(self) -> int:
        """Least trust of the link's nodes."""
        return min(self.trust_ppm)

    @property
    def trust_mean_ppm(self) -> int:
        """Mean trust of the link's nodes, rounded down."""
        return sum(self.trust_ppm) // len(self.trust_ppm)


def background_qber_ppm(state: Any) -> Any:
    """Share of `LinkView.background_qber_ppm`, of one link or of many that hold the same fields as arrays."""
    above = (state.vacuum_detected, state.pulses, 1_000_000)
    return product_ratio(above, (2, state.vacuum_sent, state.detected))


def views(state: NetworkState, table: LinkTable) -> Iterator[LinkView]:
    """One view per link, in the order of the state.

    Raises:
        KeyError: when the state has a link that the table lacks.
    """
    trust = {entry.node: entry.trust_ppm for entry in state.standings}
    for link in state.links:
        facts = table.of(link.link)
        yield LinkView(link, facts, tuple(trust.get(node, 0) for node in facts.nodes), table.epoch_ms)
