"""Links that may carry key of others now, and what a hop over each of them costs: integers, equal on every node."""

from collections.abc import Mapping
from dataclasses import dataclass

from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.telling_bases import telling_series

GRACE_EPOCHS = 3
"""So long a link without a valid row may live on what it has in store."""
HOP_COST = 1000
"""Of any hop: one node more that has to be trusted."""
MOST_SCARCITY = 9000
SHORT_COST = 5000
"""Of a hop without enough key for the demand: keys get lost there, so a way around may have some hops more."""
PATIENCE_PERMILLE, MOST_MISSING_PERMILLE = 150, 250
"""A route in force stays on a link until so much is missing: of the link's key, but no more than so much of what the
demand wants. Rates that are noisy by up to half of that bring no demand back to a link that it left as too short."""
_MAKES_KEY = ("running", "hold")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A link between two nodes that makes key.

    Attributes:
        ends: its nodes.
        key_bits: made per epoch, by the last valid row.
        error_permille: where its error rate stands between that of an aligned link (0) and that of no key (1000).
    """

    ends: tuple[str, str]
    key_bits: int
    error_permille: int

    def cost(self, bits: int, left_bits: int, *, in_force: bool = False) -> int:
        """What a path pays for this hop, 1000 to 16000.

        The scarcer the key, the dearer: the share of what is left that a demand takes, in per mille, up to nine hops'
        worth. A rate that is wrong by a few per cent changes this by as much and no more. Where it is not enough, five
        hops' worth come on top.

        Args:
            bits: that the demand wants per epoch.
            left_bits: of the key per epoch, after the demands that were served before.
            in_force: whether the route of the demand uses the link already.
        """
        short = 0 if self.has_enough(bits, left_bits, in_force=in_force) else SHORT_COST
        scarcity = min(MOST_SCARCITY, 1000 * bits // max(1, left_bits))
        return HOP_COST + short + scarcity + self.error_permille

    def has_enough(self, bits: int, left_bits: int, *, in_force: bool = False) -> bool:
        """Whether as much is left as a demand wants, or nearly so on a route in force; arguments as for `cost`."""
        missing = min(PATIENCE_PERMILLE * self.key_bits, MOST_MISSING_PERMILLE * bits) // 1000 if in_force else 0
        return left_bits + missing >= bits


def carriers(state: NetworkState, table: LinkTable) -> Mapping[str, Carrier]:
    """Usable links by name: they make key, were seen lately, join two nodes, and their ends are not in dispute."""
    disputed = {dispute.link for dispute in state.disputes}
    facts = {entry.link: entry for entry in table.links}
    return {
        link.link: _carrier(link, facts[link.link], table.epoch_ms)
        for link in state.links
        if link.link in facts and link.link not in disputed and _is_usable(link, facts[link.link])
    }


def _is_usable(link: LinkState, facts: LinkFacts) -> bool:
    return link.mode in _MAKES_KEY and link.invalid_epochs <= GRACE_EPOCHS and facts.alice != facts.bob


def _carrier(link: LinkState, facts: LinkFacts, epoch_ms: int) -> Carrier:
    protocol = facts.protocol(link.protocol)
    limit = protocol.qber_limit_ppm if protocol else facts.aligned_qber_ppm
    above = max(0, telling_series(link)[0].average - facts.aligned_qber_ppm)
    error = min(1000, 1000 * above // max(1, limit - facts.aligned_qber_ppm))
    return Carrier((facts.alice, facts.bob), link.secret_key_bits * epoch_ms // max(1, link.duration_ms), error)
