"""Sets of paths that have no relay, or no link, in common."""

from dataclasses import dataclass
from typing import Literal

from qkdctl.routing.adjacency import Adjacency
from qkdctl.routing.order import link_weights
from qkdctl.routing.path import Path
from qkdctl.routing.topology import Topology
from qkdctl.routing.unit_flow import UnitFlow

Apart = Literal["relays", "links"]
"""What no two paths of a set may share. Paths without a common relay have no common link either."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The fewest relays and links through which all paths lead; there are as many disjoint paths (Menger).

    Where only relays are to be apart, the links in it are direct ones.

    Attributes:
        relays, links: names, sorted.
    """

    relays: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def size(self) -> int:
        """Most paths that are disjoint."""
        return len(self.relays) + len(self.links)


def disjoint_paths(
    topology: Topology, source: str, target: str, k: int, *, apart: Apart = "relays"
) -> tuple[Path, ...]:
    """The best set of k disjoint paths, or of as many as there are.

    Best is the smallest sum of costs, then of links, then by names (see `order`). Paths come in that order too.

    Raises:
        ValueError: for unknown or equal ends, or k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    start, goal = topology.ends(source, target)
    flow = UnitFlow(Adjacency(topology), start, goal, relays_once=apart == "relays")
    for _ in range(k):
        if not flow.augment():
            break
    weights = link_weights(topology)
    ranked = sorted(flow.paths(), key=lambda links: sum(weights[link] for link in links))
    return tuple(Path.along(topology, start, links) for links in ranked)


def smallest_cut(topology: Topology, source: str, target: str, *, apart: Apart = "relays") -> Cut:
    """What limits the number of disjoint paths. With `apart="links"` it holds links only.

    Raises:
        ValueError: for unknown or equal ends.
    """
    start, goal = topology.ends(source, target)
    flow = UnitFlow(Adjacency(topology), start, goal, relays_once=apart == "relays")
    while flow.augment():
        pass
    relays, links = flow.cut()
    return Cut(
        tuple(topology.nodes[relay].name for relay in relays), tuple(topology.links[link].name for link in links)
    )
