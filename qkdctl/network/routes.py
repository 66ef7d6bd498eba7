"""Whether the links of a network can ever serve a demand for keys, by the rules of `qkdctl.routing.agreed`."""

from dataclasses import dataclass

from qkdctl.records.route import RouteDemand
from qkdctl.routing.disjoint import Cut, smallest_cut
from qkdctl.routing.topology import Topology


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the links allow when all of them make key.

    Attributes:
        needed: paths without a common relay that the demand asks for; 1 + failing where direct links are enough.
        available: of the kind that counts.
        least: fewer give no key at all.
        cut: relays and links through which all paths lead.
    """

    needed: int
    available: int
    least: int
    cut: Cut

    @property
    def is_possible(self) -> bool:
        """Whether the demand can be served at all."""
        return self.available >= self.least

    @property
    def missing(self) -> int:
        """Paths fewer than asked for."""
        return max(0, self.needed - self.available)

    @property
    def bottleneck(self) -> str:
        """What all paths lead through, in words."""
        ways = [*(f"relay {name}" for name in self.cut.relays), *(f"link {name}" for name in self.cut.links)]
        return f"all lead through {', '.join(ways)}" if ways else "they are not connected"


def prospect(topology: Topology, demand: RouteDemand) -> Prospect:
    """What the links allow for a demand between two members.

    Raises:
        ValueError: one of its ends is no member.
    """
    ends = {demand.source, demand.target}
    direct = sum({*link.ends} == ends for link in topology.links)
    cut = smallest_cut(topology, demand.source, demand.target)
    over_links = Prospect(1 + demand.failing, direct, 1, cut)
    over_relays = Prospect(1 + demand.colluding + demand.failing, cut.size, 1 + demand.colluding, cut)
    possible = [way for way in (over_links, over_relays) if way.is_possible]
    return min(possible, key=lambda way: way.missing, default=over_relays)
