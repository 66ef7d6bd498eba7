"""Sets of paths that have no relay, or no link, in common."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from qkdctl.routing.order import link_weights
from qkdctl.routing.path import Path
from qkdctl.routing.topology import Topology
from qkdctl.routing.unit_flow import FlowLayout, UnitFlow

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
    flow, weights = _flow(topology, start, goal, apart)
    for _ in range(k):
        if not flow.augment():
            break
    return tuple(Path.along(topology, start, links) for links in _ranked(flow, weights))


class DisjointSearch:
    """The same search for many demands in one topology, with other costs for each."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._layout = FlowLayout(topology, relays_once=True)

    def best_sets(
        self, source: str, target: str, costs: Sequence[int], barred: Collection[str] = ()
    ) -> Iterator[list[list[int]]]:
        """The best set of one path, of two without a common relay, and so on, while there are some.

        Args:
            source: one end.
            target: the other one.
            costs: of each link, in place of those of the topology.
            barred: nodes that are not to relay.

        Yields:
            Links of each path by their positions from source to target; the paths in the order of preference.

        Raises:
            ValueError: for unknown or equal ends.
        """
        start, goal = self._topology.ends(source, target)
        weights = link_weights(costs)
        positions = [self._topology.node_index[name] for name in barred]
        flow = UnitFlow(self._layout, weights, start, goal, positions)
        while flow.augment():
            yield _ranked(flow, weights)


def smallest_cut(topology: Topology, source: str, target: str, *, apart: Apart = "relays") -> Cut:
    """What limits the number of disjoint paths. With `apart="links"` it holds links only.

    Raises:
        ValueError: for unknown or equal ends.
    """
    start, goal = topology.ends(source, target)
    flow, _ = _flow(topology, start, goal, apart)
    while flow.augment():
        pass
    relays, links = flow.cut()
    return Cut(
        tuple(topology.nodes[relay].name for relay in relays), tuple(topology.links[link].name for link in links)
    )


def _flow(topology: Topology, start: int, goal: int, apart: Apart) -> tuple[UnitFlow, list[int]]:
    weights = link_weights([link.cost for link in topology.links])
    return UnitFlow(FlowLayout(topology, relays_once=apart == "relays"), weights, start, goal), weights


def _ranked(flow: UnitFlow, weights: Sequence[int]) -> list[list[int]]:
    """Paths in the order of preference."""
    return sorted(flow.paths(), key=lambda links: sum(weights[link] for link in links))
